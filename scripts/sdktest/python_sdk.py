"""segment-analytics-python, as a shop's server uses it: identify, page, track; it sends them as batches."""
import base64
import json
import sys
import time
import urllib.request
import uuid

import segment.analytics as analytics

url, write_key, secret_key = sys.argv[1:4]


def get(path, key):
    request = urllib.request.Request(url + path)
    request.add_header("Authorization", "Basic " + base64.b64encode((key + ":").encode()).decode())
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def shown(page):
    return {item["id"] for shelf in page["shelves"] if shelf["placement"] == "viewed-before" for item in shelf["items"]}


def fail(error, messages):
    sys.exit(f"the server refused {len(messages)} messages: {error}")


goods = get("/v1/recommendations?placement=trending&limit=3", write_key)["items"]
user = f"sdk-{uuid.uuid4()}"
analytics.write_key, analytics.host, analytics.on_error = write_key, url, fail
analytics.identify(user, {"firstName": "Petra", "name": "Petra Tester", "email": user + "@example.com"})
analytics.page(user, None, "Home", {"path": "/"})
for item in goods:
    analytics.track(user, "Product Viewed", {"product_id": item["id"], "name": item["title"], "price": item["price"]["amount"] / 100})
analytics.shutdown()

wanted, until = {item["id"] for item in goods}, time.monotonic() + 10
while True:
    page = get(f"/v1/front-page?user={user}", secret_key)
    if wanted <= shown(page) and "Petra" in page.get("greeting", ""):
        break
    if time.monotonic() > until:
        sys.exit(f"the profile does not show {wanted - shown(page)} and {page.get('greeting')!r}")
    time.sleep(0.1)
print(f"ok  segment-analytics-python     {len(goods) + 2} events")
