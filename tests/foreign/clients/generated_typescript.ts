// A client that openapi-typescript and openapi-fetch made of our document.
// The compiler holds every path, parameter, body and answer to it, in strict mode.
import createClient from "openapi-fetch";
import type { paths } from "./document.js";

declare const process: { env: Record<string, string | undefined> };

const client = createClient<paths>({
  baseUrl: process.env.BASE_URL!,
  headers: { Authorization: `Bearer ${process.env.API_KEY}` },
});
let wallet = "";
let hold = "";

function same(got: unknown, wanted: unknown) {
  if (JSON.stringify(got) !== JSON.stringify(wanted))
    throw new Error(`${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
}
function there<T>(told: { data?: T; error?: unknown }): T {
  if (told.data === undefined) throw new Error(JSON.stringify(told.error).slice(0, 300));
  return told.data;
}

// What was really done: an answer is a rehearsal only where `Dry-Run` asks for one.
function done<T extends { object: string }>(told: T): Exclude<T, { object: "dry_run" }> {
  if (told.object === "dry_run") throw new Error(told.object);
  return told as Exclude<T, { object: "dry_run" }>;
}

const checks: Record<string, () => Promise<void>> = {
  "wallets: opened and topped up": async () => {
    const made = there(await client.POST("/v1/wallets", { body: { currency: "eur", owner: "Ada" } }));
    wallet = made.id;
    there(await client.POST("/v1/wallets/{id}/top_ups", {
      params: { path: { id: wallet } },
      body: { amount: 2000, currency: "eur", payment_method: "pm_card_visa" },
    }));
  },
  "wallets: part is held and captured": async () => {
    hold = done(there(await client.POST("/v1/wallets/{id}/holds", {
      params: { path: { id: wallet } }, body: { amount: 500, currency: "eur" },
    }))).id;
    const told = done(there(await client.POST("/v1/wallet_holds/{id}/capture", {
      params: { path: { id: hold } }, body: { amount: 300 },
    })));
    same([told.status, told.amount_captured], ["captured", 300]);
  },
  "wallets: the balance is what is left": async () => {
    const told = there(await client.GET("/v1/wallets/{id}", { params: { path: { id: wallet } } }));
    same(told.balances?.[0]?.available, 1700);
  },
  "wallets: transfers, a dry run, a quote and a limit": async () => {
    const other = there(await client.POST("/v1/wallets", { body: { currency: "eur", currencies: ["usd"] } })).id;
    const ends = { source: wallet, destination: other };
    const sent = there(await client.POST("/v1/wallet_transfers", { body: { ...ends, amount: 300, currency: "eur" } }));
    if (sent.object !== "wallet_transfer") throw new Error(sent.object);
    same([sent.status, sent.received.amount, sent.approval_reasons], ["succeeded", 300, []]);
    const tried = there(await client.POST("/v1/wallet_transfers", {
      params: { header: { "Dry-Run": "true" } }, body: { ...ends, amount: 200, currency: "eur" },
    }));
    if (tried.object !== "dry_run") throw new Error(tried.object);
    same(tried.balances.length, 2);
    const back = done(
      there(await client.POST("/v1/wallet_transfers/{id}/reverse", { params: { path: { id: sent.id } } })),
    );
    same(back.status, "reversed");
    const quote = there(await client.POST("/v1/wallet_quotes", {
      body: { amount: 500, currency: "eur", destination_currency: "usd" },
    }));
    same([quote.status, quote.source.amount], ["open", 500]);
    const kept = there(await client.POST("/v1/wallets/{id}/minimum_balances", {
      params: { path: { id: wallet } }, body: { currency: "eur", minimum_balance: 1700 },
    }));
    same(kept.minimum_balances, [{ currency: "eur", minimum_balance: 1700 }]);
    const limit = there(await client.POST("/v1/limits", {
      body: { scope: "wallet", kind: "count", window: "day", maximum: 9 },
    }));
    same(there(await client.DELETE("/v1/limits/{id}", { params: { path: { id: limit.id } } })).deleted, true);
    const movements = there(await client.GET("/v1/wallets/{id}/movements", { params: { path: { id: wallet } } }));
    same(movements.data[0]?.balance, 1700);
  },
  "ledger: a hold's entries": async () => {
    const told = there(await client.GET("/v1/ledger/entries", { params: { query: { wallet_hold: hold } } }));
    same(told.data.map((one) => one.kind), ["pending", "capture"]);
  },
  "fraud: assessments and lists": async () => {
    const told = there(await client.GET("/v1/fraud/assessments", { params: { query: { limit: 1 } } }));
    same(told.data.length, 1);
    const customer = there(await client.POST("/v1/customers", { body: {} }));
    const item = there(await client.POST("/v1/fraud/lists/{list}/items", {
      params: { path: { list: "blocklist" } }, body: { kind: "customer", value: customer.id },
    }));
    const gone = there(await client.DELETE("/v1/fraud/lists/{list}/items/{id}", {
      params: { path: { list: "blocklist", id: item.id } },
    }));
    same(gone.deleted, true);
  },
  "reconciliation: a run and its breaks": async () => {
    const run = there(await client.POST("/v1/reconciliation/runs", { body: { source: "simulator" } }));
    same(run.status.startsWith("completed"), true);
    there(await client.GET("/v1/reconciliation/runs/{id}", { params: { path: { id: run.id } } }));
    same(there(await client.GET("/v1/reconciliation/breaks")).object, "list");
  },
  "a refusal has its documented shape": async () => {
    const told = await client.POST("/v1/wallets", { body: { currency: "xxx" } });
    same([told.error?.error.code, told.error?.error.param], ["currency_not_supported", "currency"]);
  },
};

for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(JSON.stringify({ name, ok: true }));
  } catch (error) {
    console.log(JSON.stringify({ name, ok: false, why: String(error).slice(0, 300) }));
  }
}
