// The JavaScript library of standardwebhooks, on one delivery from standard input.
import { createRequire } from "node:module";

const { Webhook } = createRequire(`${process.env.NODE_MODULES}/here.js`)("standardwebhooks");
let text = "";
for await (const part of process.stdin) text += part;
const { body, headers, secret } = JSON.parse(text);
try {
  console.log(new Webhook(secret).verify(body, headers).type);
} catch {
  console.log("refused");
}
