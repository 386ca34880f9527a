/* Shopkeeper. <script async src="https://HOST/sk.js" data-key="WRITE KEY" data-consent="required|implied"></script>
   Before it is loaded: window.sk = window.sk || function () { (sk.q = sk.q || []).push(arguments) }; sk("track", "Product Viewed", {product_id: "85123A"}) */
(function (w, d, n) {
  "use strict";
  var script = d.currentScript || d.querySelector("script[data-key]");
  if (!script || (w.sk && w.sk.version)) return;

  var data = function (name) { return script.getAttribute("data-" + name); };
  var key = data("key");
  var host = data("host") || script.src.replace(/\/sk\.js.*$/, "");
  var gpc = n.globalPrivacyControl === true;
  var queue = [], timer = 0, tries = 0, sending = 0, userId, hash, anonymousId;

  function store(name, value) {
    try {
      if (value === undefined) return w.localStorage.getItem(name);
      if (value === null) w.localStorage.removeItem(name); else w.localStorage.setItem(name, value);
    } catch (e) { /* no storage: the id lives as long as the page */ }
    return null;
  }

  function decided() {
    var m = /(?:^|; )sk_consent=[^.;]*\.(-?\d)/.exec(d.cookie);
    return m ? m[1] : store("sk_consent");
  }

  function mayKeep() {
    var said = decided();
    return !gpc && (said === "1" || (said !== "-1" && data("consent") === "implied"));
  }

  function id() {
    if (w.crypto && w.crypto.randomUUID) return w.crypto.randomUUID();
    return Date.now().toString(36) + "-" + Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2);
  }

  function who() {
    anonymousId = anonymousId || (mayKeep() && store("sk_id")) || id();
    if (mayKeep()) store("sk_id", anonymousId);
    return anonymousId;
  }

  function call(method, path, body, done) {
    w.fetch(host + path, {
      method: method, credentials: "include", keepalive: method === "POST",
      headers: body ? { "Content-Type": "text/plain" } : {}, body: body
    }).then(function (r) {
      if (!done) return;
      if (r.ok) r.json().then(function (v) { done(v, r.status); }, function () { done(null, r.status); });
      else done(null, r.status);
    }, function () { if (done) done(null, 0); });
  }

  function body(batch) {
    return JSON.stringify({ writeKey: key, batch: batch, sentAt: new Date().toISOString() });
  }

  function later(ms) { if (!timer) timer = setTimeout(flush, ms); }

  function flush() {
    clearTimeout(timer);
    timer = 0;
    if (sending || !queue.length) return;
    var batch = queue.splice(0, 20);
    sending = batch;
    call("POST", "/v1/batch", body(batch), function (_, status) {
      sending = 0;
      if ((status === 0 || status === 429 || status >= 500) && tries < 6) {
        queue = batch.concat(queue).slice(-100);
        later(1000 * Math.pow(2, tries++));
      } else {
        tries = 0;
        if (queue.length) later(0);
      }
    });
  }

  function leave() {
    if (n.sendBeacon) while (queue.length) n.sendBeacon(host + "/v1/batch", new Blob([body(queue.splice(0, 20))], { type: "text/plain" }));
    else flush();
  }

  function send(type, members) {
    var said = decided();
    if (gpc || said === "-1" || (said !== "1" && data("consent") === "required")) return;
    var now = new Date().toISOString(), l = w.location;
    var m = {
      type: type, messageId: "sk-" + id(), anonymousId: who(), timestamp: now,
      context: { library: { name: "shopkeeper" }, page: { path: l.pathname, url: l.origin + l.pathname } }
    };
    if (userId) m.userId = userId;
    if (userId && hash) m.context.userHash = hash;
    for (var name in members) if (members[name] !== undefined) m[name] = members[name];
    queue.push(m);
    if (queue.length >= 20) flush(); else later(300);
  }

  // where is the page's path, and of its query only what names a search or a campaign. It serves this one answer and is not kept.
  function where() {
    var named = (w.location.search || "").match(/[?&](q|query|search|text|utm_term|utm_campaign)=[^&]*/g) || [];
    return w.location.pathname + named.join("").replace(/[?&]/g, "&").replace("&", "?");
  }

  var api = {
    page: function (name, properties) { send("page", { name: name, properties: properties || {} }); },
    track: function (event, properties) { send("track", { event: event, properties: properties || {} }); },
    identify: function (user, traits, signature) {
      if (user && typeof user === "object") { traits = user; user = undefined; }
      if (user) { userId = String(user); hash = signature; }
      send("identify", { traits: traits || {} });
      flush();
    },
    consent: function (granted, purposes, version, done) {
      var list = [].concat(purposes || "personalization");
      if (list.indexOf("personalization") >= 0) {
        store("sk_consent", granted ? "1" : "-1");
        if (!granted) { queue = []; store("sk_id", null); }
      }
      call("POST", "/v1/consent", JSON.stringify({ writeKey: key, purposes: list, granted: !!granted, version: version }), done);
    },
    reset: function (done) {
      flush();
      userId = hash = anonymousId = undefined;
      store("sk_id", null);
      call("POST", "/v1/reset", JSON.stringify({ writeKey: key }), done);
    },
    frontPage: function (done, slots) {
      call("GET", "/v1/front-page?key=" + encodeURIComponent(key) + "&url=" + encodeURIComponent(where()) + (slots ? "&slots=" + encodeURIComponent(slots) : ""), undefined, done);
    },
    flush: flush
  };

  function run(args) {
    try { if (api.hasOwnProperty(args[0])) api[args[0]].apply(null, [].slice.call(args, 1)); } catch (e) { /* a shop's page never breaks because of us */ }
  }

  var waiting = (w.sk && w.sk.q) || [];
  w.sk = function () { run(arguments); };
  w.sk.version = 1;
  for (var name in api) (function (name) { w.sk[name] = function () { run([name].concat([].slice.call(arguments))); }; })(name);

  if (data("page") !== "off") run(["page"]);
  for (var i = 0; i < waiting.length; i++) run(waiting[i]);
  w.addEventListener("pagehide", function () { try { leave(); } catch (e) { /* too late to matter */ } });
  d.addEventListener("visibilitychange", function () { try { if (d.visibilityState === "hidden") leave(); } catch (e) { /* too late to matter */ } });
})(window, document, navigator);
