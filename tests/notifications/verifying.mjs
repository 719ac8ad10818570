// Verifies webhooks with the official `stripe` package and with `standardwebhooks`.
// Reads a JSON list of {body, headers, secrets: [who verifies]} from stdin; one line per case.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.NODE_MODULES}/here.js`);
const stripePackage = require("stripe");
const Stripe = stripePackage.default ?? stripePackage;
const { Webhook } = require("standardwebhooks");
const stripe = new Stripe("sk_test_nothing");

for (const { body, headers, secret } of JSON.parse(readFileSync(0, "utf8"))) {
  const told = { stripe: "", standardwebhooks: "" };
  try {
    const event = stripe.webhooks.constructEvent(body, headers["Stripe-Signature"], secret);
    told.stripe = event.id;
  } catch (error) {
    told.stripe = `refused: ${error.message.split("\n")[0]}`;
  }
  try {
    told.standardwebhooks = new Webhook(secret).verify(body, headers).id;
  } catch (error) {
    told.standardwebhooks = `refused: ${error.message}`;
  }
  console.log(JSON.stringify(told));
}
