// @segment/analytics-next and @rudderstack/analytics-js in a real browser, from their npm packages, on a page of the shop's own origin.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { eventually, items, person, url, writeKey } from "./lib.mjs";

const runs = [
  { sdk: "segment", strategy: "standard", name: "Sofia", routes: ["/v1/p", "/v1/t", "/v1/i"] },
  { sdk: "segment", strategy: "batching", name: "Selma", routes: ["/v1/b"] },
  { sdk: "rudder", strategy: "standard", name: "Rosa", routes: ["/sourceConfig/", "/v1/page", "/v1/track", "/v1/identify"] },
  { sdk: "rudder", strategy: "batching", name: "Ruth", routes: ["/v1/batch"] },
  { sdk: "rudder", strategy: "beacon", name: "Rita", routes: ["/beacon/v1/batch"] },
];

const bundle = async (sdk) =>
  (await build({ entryPoints: [`pages/${sdk}.js`], bundle: true, write: false, format: "iife", platform: "browser", define: { "process.env.NODE_ENV": '"production"' } })).outputFiles[0].text;

/** visit opens a fresh browser profile on a page that holds the SDK, and says what the page asked of the server. */
async function visit(browser, run, script, goods, who) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const asked = new Map();
  page.on("pageerror", (err) => { throw err; });
  page.on("response", (res) => asked.set(new URL(res.url()).pathname, res.status()));
  await page.setRequestInterception(true);
  page.on("request", (req) => {
    const path = new URL(req.url()).pathname;
    if (path === "/sdk-page") return req.respond({ contentType: "text/html", body: `<!doctype html><title>Shop</title><script src="/sdk-page.js"></script>` });
    if (path === "/sdk-page.js") return req.respond({ contentType: "text/javascript", body: `window.test=${JSON.stringify({ writeKey, url, host: new URL(url).host, strategy: run.strategy, goods, who })};${script}` });
    return req.continue();
  });
  await page.goto(url + "/sdk-page");
  await page.evaluate(() => window.done);
  await answered(asked, run.routes); // until then the browser has no cookie, and a page asked for meanwhile would be given one of its own
  await eventually(() => page.evaluate(async (key) => (await fetch(`/v1/front-page?writeKey=${key}`)).json(), writeKey), goods.map((g) => g.product_id), run.name);
  await context.close();
  return asked;
}

/** answered waits until the server has answered on every route, for at most ten seconds; what is missing then is told by the caller. */
async function answered(asked, routes) {
  for (const until = Date.now() + 10_000; Date.now() < until && !routes.every((r) => asked.has(r)); ) await new Promise((done) => setTimeout(done, 50));
}

const profile = mkdtempSync(join(tmpdir(), "sdktest-"));
const chromium = execFileSync("sh", ["-c", "command -v chromium || command -v chromium-browser || command -v google-chrome"], { encoding: "utf8" }).trim();
const browser = await puppeteer.launch({
  executablePath: chromium, userDataDir: profile,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const goods = await items();
  for (const run of runs) {
    const asked = await visit(browser, run, await bundle(run.sdk), goods, person(run.name));
    const unanswered = run.routes.filter((r) => !(asked.get(r) >= 200 && asked.get(r) < 300));
    if (unanswered.length) throw new Error(`${run.sdk}, ${run.strategy}: no good answer from ${unanswered}; asked ${JSON.stringify([...asked])}`);
    console.log(`ok  ${run.sdk === "segment" ? "@segment/analytics-next " : "@rudderstack/analytics-js"} ${run.strategy.padEnd(9)} ${run.routes.join(" ")}`);
  }
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
