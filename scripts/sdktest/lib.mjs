// What every SDK's test needs: the server's address and keys, an item to look at, and asking the profile until it shows what was sent.
import { randomUUID } from "node:crypto";

const [url, writeKey, secretKey] = process.argv.slice(2);
if (!url || !writeKey || !secretKey) {
  console.error("usage: node FILE URL WRITEKEY SECRETKEY");
  process.exit(2);
}
export { url, writeKey, secretKey };

const basic = (key) => "Basic " + Buffer.from(key + ":").toString("base64");

/** get asks the API and fails on anything but success. */
export async function get(path, key = secretKey, headers = {}) {
  const res = await fetch(url + path, { headers: { authorization: basic(key), ...headers } });
  if (!res.ok) throw new Error(`GET ${path}: ${res.status} ${await res.text()}`);
  return res.json();
}

/** items are three that the shop really has. */
export async function items() {
  const list = await get("/v1/recommendations?placement=trending&limit=3", writeKey);
  if (list.items.length < 3) throw new Error("the shop has too few items to look at");
  return list.items.map((it) => ({ product_id: it.id, name: it.title, price: it.price.amount / 100, currency: it.price.currency }));
}

/** person is somebody new each time, so that a profile shows nothing but this run. */
export function person(firstName) {
  const userId = `sdk-${randomUUID()}`;
  return { userId, traits: { firstName, name: `${firstName} Tester`, email: `${userId}@example.com` } };
}

/** lacks says what a front page lacks of: these items looked at before, this name in the greeting; empty when it has all. */
export function lacks(page, productIds, firstName) {
  const seen = new Set(page.shelves.filter((s) => s.placement === "viewed-before").flatMap((s) => s.items.map((it) => it.id)));
  const missing = productIds.filter((id) => !seen.has(id)).map((id) => `item ${id}`);
  if (!(page.greeting ?? "").includes(firstName)) missing.push(`the name in the greeting ${JSON.stringify(page.greeting)}`);
  return missing.join(", ");
}

/** eventually asks until the front page lacks nothing, for at most ten seconds. */
export async function eventually(ask, productIds, firstName) {
  const until = Date.now() + 10_000;
  for (;;) {
    const missing = lacks(await ask(), productIds, firstName);
    if (!missing) return;
    if (Date.now() > until) throw new Error("the profile does not show " + missing);
    await new Promise((done) => setTimeout(done, 100));
  }
}
