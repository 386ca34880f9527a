// A shop's page with the RudderStack SDK; its plugins are in the bundle, its configuration comes from the server.
import { RudderAnalytics } from "@rudderstack/analytics-js/bundled";

const { writeKey, url, strategy, goods, who } = window.test;
const analytics = new RudderAnalytics();
analytics.load(writeKey, url, {
  configUrl: url,
  useBeacon: strategy === "beacon",
  beaconQueueOptions: { maxItems: 2, flushQueueInterval: 200 },
  queueOptions: { batch: { enabled: strategy === "batching", maxItems: 2, flushInterval: 200 } },
});
window.done = new Promise((done) => {
  analytics.ready(() => {
    analytics.page("Home");
    for (const item of goods) analytics.track("Product Viewed", item);
    analytics.identify(who.userId, who.traits, {}, () => {});
    done();
  });
});
