// The official Node SDK, pointed at us by host, port and protocol and nothing else.
// Prints one JSON line per check; the test that runs it reads them.
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
    for (let n = 0; n < 5; n++) await stripe.paymentIntents.create({ amount: 100 + n, currency: "usd" });
    const seen = new Set();
    for await (const one of stripe.paymentIntents.list({ limit: 2 })) seen.add(one.id);
    same(seen.size, 7);
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
    const once = { idempotencyKey: "node-once" };
    const [one, two] = [await stripe.paymentIntents.create(order, once), await stripe.paymentIntents.create(order, once)];
    same(one.id, two.id);
  },
  "a key used for something else is an idempotency error": () =>
    refused("StripeIdempotencyError", () =>
      stripe.paymentIntents.create({ ...order, amount: 1 }, { idempotencyKey: "node-once" })),
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
  "the balance is its movements": async () => {
    const moved = await stripe.balanceTransactions.list({ limit: 100, currency: "eur" });
    const net = moved.data.reduce((sum, one) => sum + one.net, 0);
    same((await stripe.balance.retrieve()).pending[0].amount, net);
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
  },
};

for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(JSON.stringify({ name, ok: true }));
  } catch (error) {
    console.log(JSON.stringify({ name, ok: false, why: String(error.message).slice(0, 300) }));
  }
}
