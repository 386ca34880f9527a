// Runs the snippet in a page that records what it does. Standard input: {"script", "page": {...}, "steps": [[name, ...args] ...]}; standard output: what was sent and kept.
import vm from "node:vm";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const { script, page, steps } = JSON.parse(text);

const kept = { ...page.storage };
const sent = [];
const timers = [];
const listeners = {};
const attributes = { key: "wk_test", ...page.attributes };
const record = (how, method, url, body, credentials) => sent.push({ how, method, url, credentials, body: body ? JSON.parse(body) : null });

const window = {
  location: { pathname: "/p/1", origin: "https://shop.example", search: "?secret=1" },
  crypto: { randomUUID: () => "id-" + (record.ids = (record.ids || 0) + 1) },
  fetch: (url, o) => {
    record("fetch", o.method, url, o.body, o.credentials);
    const status = (page.statuses || []).shift() ?? 200;
    if (status === 0) return Promise.reject(new Error("offline"));
    return Promise.resolve({ ok: status === 200, status, json: () => Promise.resolve({ greeting: "hello" }) });
  },
  addEventListener: (name, f) => { listeners[name] = f; },
};
if (!page.noStorage) {
  window.localStorage = {
    getItem: (k) => kept[k] ?? null,
    setItem: (k, v) => { kept[k] = v; },
    removeItem: (k) => { delete kept[k]; },
  };
}
if (page.queue) window.sk = { q: page.queue };
const document = {
  cookie: page.cookie || "",
  visibilityState: "visible",
  currentScript: { src: "https://collect.example/sk.js", getAttribute: (n) => attributes[n.replace("data-", "")] ?? null },
  addEventListener: () => {},
};
const navigator = { globalPrivacyControl: page.gpc, sendBeacon: (url, blob) => { record("beacon", "POST", url, blob.text); return true; } };
const blob = class { constructor(parts, options) { this.text = parts.join(""); this.type = options.type; } };

let answers = [];
let failed = "";
const settle = async () => { for (let i = 0; i < 20; i++) await Promise.resolve(); };
try {
  vm.runInNewContext(script, {
    window, document, navigator, Blob: blob, JSON, Date, Math, encodeURIComponent,
    setTimeout: (f) => timers.push(f), clearTimeout: () => {},
  });
  for (const [name, ...args] of steps) {
    if (name === "tick") { for (const f of timers.splice(0)) f(); }
    else if (name === "leave") listeners.pagehide();
    else window.sk(name, ...args.map((a) => (a === "CALLBACK" ? (v, status) => answers.push({ v, status }) : a)));
    await settle();
  }
} catch (e) {
  failed = String(e);
}
process.stdout.write(JSON.stringify({ sent, kept, answers, failed }));
