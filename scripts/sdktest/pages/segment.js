// A shop's page with analytics.js 2, pointed at the server by the settings that Segment documents for a proxy.
import { AnalyticsBrowser } from "@segment/analytics-next";

const { writeKey, host, strategy, goods, who } = window.test;
const analytics = AnalyticsBrowser.load({
  writeKey,
  cdnSettings: {
    integrations: {
      "Segment.io": {
        apiKey: writeKey, apiHost: `${host}/v1`, protocol: "http",
        ...(strategy === "batching" && { deliveryStrategy: { strategy: "batching", config: { size: 2, timeout: 200 } } }),
      },
    },
  },
});
window.done = (async () => {
  await analytics.page("Home");
  for (const item of goods) await analytics.track("Product Viewed", item);
  await analytics.identify(who.userId, who.traits);
})();
