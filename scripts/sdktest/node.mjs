// @segment/analytics-node, as a shop's server uses it: track, identify, page; it sends them as batches.
import { Analytics } from "@segment/analytics-node";
import { eventually, get, items, person, url, writeKey } from "./lib.mjs";

const goods = await items();
const who = person("Nora");
const analytics = new Analytics({ writeKey, host: url, maxEventsInBatch: 3 });
const answers = [];
analytics.on("http_request", ({ url }) => answers.push(new URL(url).pathname));
analytics.on("error", (err) => { console.error(err); process.exit(1); });

analytics.identify(who);
analytics.page({ userId: who.userId, name: "Home", properties: { path: "/" } });
for (const properties of goods) analytics.track({ userId: who.userId, event: "Product Viewed", properties });
await analytics.closeAndFlush();

await eventually(() => get(`/v1/front-page?user=${who.userId}`), goods.map((g) => g.product_id), "Nora");
console.log(`ok  @segment/analytics-node      ${answers.length} requests to ${[...new Set(answers)]}`);
