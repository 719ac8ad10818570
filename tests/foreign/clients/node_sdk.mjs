// The official Node SDK, pointed at us by host, port and protocol and nothing else.
// Prints one JSON line per check; the test that runs it reads them.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_MODULES}/here.js`);
const Stripe = require("stripe");
const base = new URL(process.env.BASE_URL);
const client = (key, more = {}) =>
  new Stripe(key, {
    host: base.hostname,
    port: base.port,
    protocol: "http",
    maxNetworkRetries: 0,
    telemetry: false,
    ...more,
  });
const stripe = client(process.env.API_KEY);
const order = { amount: 4250, currency: "eur" };
const card = { payment_method: "pm_card_visa" };
const run = `node-${Date.now()}`;
let kept = {};

function same(got, wanted) {
  if (JSON.stringify(got) !== JSON.stringify(wanted))
    throw new Error(`${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
}

async function refused(type, work) {
  try {
    await work();
  } catch (error) {
    same(error.type, type);
    return error;
  }
  throw new Error(`not refused with ${type}`);
}

const checks = {
  "a payment is created": async () => {
    kept.intent = await stripe.paymentIntents.create({ ...order, ...card, capture_method: "manual" });
    same(kept.intent.status, "requires_confirmation");
  },
  "and confirmed": async () => {
    const got = await stripe.paymentIntents.confirm(kept.intent.id);
    same([got.status, got.amount_capturable], ["requires_capture", 4250]);
  },
  "and captured": async () =>
    same((await stripe.paymentIntents.capture(kept.intent.id)).status, "succeeded"),
  "and retrieved with its charge": async () => {
    const got = await stripe.paymentIntents.retrieve(kept.intent.id, { expand: ["latest_charge"] });
    same(got.latest_charge.paid, true);
    kept.charge = got.latest_charge.id;
  },
  "and refunded": async () => {
    kept.refund = await stripe.refunds.create({ payment_intent: kept.intent.id, amount: 1000 });
    same([kept.refund.status, kept.refund.amount], ["succeeded", 1000]);
  },
  "a refund is retrieved": async () =>
    same((await stripe.refunds.retrieve(kept.refund.id)).charge, kept.charge),
  "a payment is updated": async () => {
    const made = await stripe.paymentIntents.create(order);
    const got = await stripe.paymentIntents.update(made.id, { metadata: { 0: "zero" } });
    same(got.metadata, { 0: "zero" });
    kept.open = made.id;
  },
  "and emptied by null": async () => {
    await stripe.paymentIntents.update(kept.open, { description: "Books" });
    const got = await stripe.paymentIntents.update(kept.open, { description: null, metadata: null });
    same([got.description, got.metadata], [null, {}]);
  },
  "and canceled": async () => {
    const got = await stripe.paymentIntents.cancel(kept.open, { cancellation_reason: "abandoned" });
    same([got.status, got.cancellation_reason], ["canceled", "abandoned"]);
  },
  "lists page by themselves": async () => {
    const made = [];
    for (let n = 0; n < 5; n++)
      made.unshift((await stripe.paymentIntents.create({ amount: 100 + n, currency: "usd" })).id);
    const seen = [];
    for await (const one of stripe.paymentIntents.list({ limit: 2 })) {
      seen.push(one.id);
      if (seen.length === 5) break;
    }
    same(seen, made);
  },
  "lists are bounded by time": async () => {
    const past = await stripe.paymentIntents.list({ created: { lt: 1000000000 } });
    same(past.data.length, 0);
  },
  "a decline is a card error": async () => {
    const error = await refused("StripeCardError", () =>
      stripe.paymentIntents.create({ ...order, confirm: true, payment_method: "pm_card_chargeDeclined" }));
    same([error.statusCode, error.code, error.decline_code], [402, "card_declined", "generic_decline"]);
    same(error.payment_intent.status, "requires_payment_method");
  },
  "bad input is an invalid request": async () => {
    const error = await refused("StripeInvalidRequestError", () =>
      stripe.paymentIntents.create({ ...order, amount: -1 }));
    same([error.code, error.param], ["amount_too_small", "amount"]);
  },
  "an unknown parameter is refused": async () => {
    const error = await refused("StripeInvalidRequestError", () =>
      stripe.paymentIntents.create({ ...order, application_fee_amount: 5 }));
    same(error.code, "parameter_unknown");
  },
  "an unknown id is 404": async () => {
    const error = await refused("StripeInvalidRequestError", () =>
      stripe.paymentIntents.retrieve("pi_0000000000000000000000"));
    same([error.statusCode, error.code], [404, "resource_missing"]);
  },
  "a wrong key is an authentication error": () =>
    refused("StripeAuthenticationError", () =>
      client(`sk_test_ffp_${"0".repeat(32)}`).balance.retrieve()),
  "a key has one effect": async () => {
    const once = { idempotencyKey: `${run}-once` };
    const [one, two] = [await stripe.paymentIntents.create(order, once), await stripe.paymentIntents.create(order, once)];
    same(one.id, two.id);
  },
  "a key used for something else is an idempotency error": () =>
    refused("StripeIdempotencyError", () =>
      stripe.paymentIntents.create({ ...order, amount: 1 }, { idempotencyKey: `${run}-once` })),
  "a challenge is a redirect": async () => {
    const got = await stripe.paymentIntents.create({
      ...order, confirm: true, payment_method: "pm_card_authenticationRequired",
      return_url: "https://example.com/back",
    });
    same([got.status, got.next_action.type], ["requires_action", "redirect_to_url"]);
  },
  "a customer is created": async () => {
    kept.customer = await stripe.customers.create({ email: "ada@example.com", name: "Ada" });
    same(kept.customer.email, "ada@example.com");
  },
  "a card is attached": async () => {
    const method = await stripe.paymentMethods.attach("pm_card_visa", { customer: kept.customer.id });
    same(method.customer, kept.customer.id);
    kept.method = method.id;
  },
  "and listed": async () => {
    const got = await stripe.customers.listPaymentMethods(kept.customer.id);
    same(got.data.map((one) => one.id), [kept.method]);
  },
  "and charged": async () => {
    const got = await stripe.paymentIntents.create({
      ...order, customer: kept.customer.id, payment_method: kept.method, confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: "never" },
    });
    same(got.status, "succeeded");
  },
  "and detached": async () =>
    same((await stripe.paymentMethods.detach(kept.method)).customer, null),
  "a customer is deleted": async () =>
    same((await stripe.customers.del(kept.customer.id)).deleted, true),
  "a movement is gross less fee": async () => {
    const [one] = (await stripe.balanceTransactions.list({ limit: 1 })).data;
    same(one.net, one.amount - one.fee);
    same((await stripe.balance.retrieve()).pending.length > 0, true);
  },
  "a charge tells its card": async () =>
    same((await stripe.charges.retrieve(kept.charge)).payment_method_details.card.last4, "4242"),
  "an endpoint shows its secret once": async () => {
    const made = await stripe.webhookEndpoints.create({ url: "https://example.com/a", enabled_events: ["*"] });
    same([made.secret.startsWith("whsec_"), (await stripe.webhookEndpoints.del(made.id)).deleted], [true, true]);
  },
  "the account is the key's": async () =>
    same((await stripe.accounts.retrieve()).charges_enabled, true),
  "own resources by a raw request": async () => {
    const wallet = await stripe.rawRequest("POST", "/v1/wallets", { currency: "eur", owner: "Ada" });
    same([wallet.object, wallet.owner], ["wallet", "Ada"]);
    const other = await stripe.rawRequest("POST", "/v1/wallets", { currency: "eur" });
    await stripe.rawRequest("POST", `/v1/wallets/${wallet.id}/top_ups`,
      { amount: 900, currency: "eur", payment_method: "pm_card_visa" });
    const ends = { source: wallet.id, destination: other.id, currency: "eur" };
    const sent = await stripe.rawRequest("POST", "/v1/wallet_transfers", { ...ends, amount: 400 });
    same([sent.object, sent.status, sent.received.amount], ["wallet_transfer", "succeeded", 400]);
    const hold = await stripe.rawRequest("POST", `/v1/wallets/${other.id}/holds`, { amount: 100, currency: "eur" });
    same((await stripe.rawRequest("POST", `/v1/wallet_holds/${hold.id}/release`)).status, "released");
    let refused;
    try {
      await stripe.rawRequest("POST", "/v1/wallet_transfers", { ...ends, amount: 501 });
    } catch (error) {
      refused = error.code;
    }
    same(refused, "balance_insufficient");
  },
};

const document = await (await fetch(`${base.origin}/v1/openapi.json`)).json();
const has = (path) => path in document.paths;

// A merchant's own server: it keeps the deliveries it gets, byte for byte.
const got = [];
const hooks = createServer((request, answer) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    got.push([request.headers, Buffer.concat(parts)]);
    answer.writeHead(204).end();
  });
});
await new Promise((ready) => hooks.listen(0, "127.0.0.1", ready));
const hooksUrl = `http://127.0.0.1:${hooks.address().port}/hooks`;
async function delivered(type, about) {
  for (let n = 0; n < 600; n++) {
    const found = got.find(([, body]) => {
      const told = JSON.parse(body); // Others may be told of before it.
      return told.type === type && told.data.object.id === about;
    });
    if (found) return found;
    await new Promise((soon) => setTimeout(soon, 50));
  }
  throw new Error(`no ${type}`);
}

Object.assign(checks, {
  "a signed webhook is delivered, and the SDK verifies it": async () => {
    const made = await stripe.webhookEndpoints.create({ url: hooksUrl, enabled_events: ["payment_intent.succeeded"] });
    const paid = await stripe.paymentIntents.create({ ...order, ...card, confirm: true });
    const [headers, body] = await delivered("payment_intent.succeeded", paid.id);
    const event = stripe.webhooks.constructEvent(body, headers["stripe-signature"], made.secret);
    same(event.data.object.id, paid.id);
    kept.delivery = [headers, body, made.secret];
    await stripe.webhookEndpoints.del(made.id);
  },
  "a forged webhook is refused": async () => {
    const [headers, body, secret] = kept.delivery;
    const forged = body.toString().replace("succeeded", "forgotten");
    try {
      stripe.webhooks.constructEvent(forged, headers["stripe-signature"], secret);
    } catch (error) {
      return same(error.type, "StripeSignatureVerificationError");
    }
    throw new Error("not refused");
  },
  "events tell what happened": async () => {
    const event = (await stripe.events.list({ type: "payment_intent.succeeded" })).data[0];
    same((await stripe.events.retrieve(event.id)).type, "payment_intent.succeeded");
  },
  "billing is refused by name": async () => {
    const error = await refused("StripeInvalidRequestError", () => stripe.subscriptions.list());
    same([error.statusCode, error.code], [404, "unsupported_endpoint"]);
  },
  "another account is a permission error": () =>
    refused("StripePermissionError", () =>
      stripe.balance.retrieve({}, { stripeAccount: "acct_0000000000000000000000" })),
  "retries carry the SDK's own key": async () => {
    const made = await client(process.env.API_KEY, { maxNetworkRetries: 2 }).paymentIntents.create(order);
    same(made.object, "payment_intent");
  },
  ...(has("/v1/products") && {
    "a product and its price": async () => {
      const product = await stripe.products.create({ name: "Book" });
      const price = await stripe.prices.create({ product: product.id, unit_amount: 500, currency: "eur" });
      same((await stripe.prices.retrieve(price.id)).unit_amount, 500);
      kept.price = price.id;
    },
    "a link of a price": async () => {
      const made = await stripe.paymentLinks.create({ line_items: [{ price: kept.price, quantity: 1 }] });
      same(made.url.startsWith("http"), true);
    },
  }),
  ...(has("/v1/checkout/sessions") && {
    "a checkout session opens and expires": async () => {
      const made = await stripe.checkout.sessions.create({
        mode: "payment", success_url: "https://example.com/ok", line_items: [{ price: kept.price, quantity: 1 }],
      });
      same((await stripe.checkout.sessions.expire(made.id)).status, "expired");
    },
  }),
});

for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(JSON.stringify({ name, ok: true }));
  } catch (error) {
    console.log(JSON.stringify({ name, ok: false, why: String(error.message).slice(0, 300) }));
  }
}
hooks.close();
process.exit(0);
