"""Prints a catalogue of argv[1] products, three variants each, as Shopify's product CSV."""
import csv, sys

products = int(sys.argv[1])
out = csv.writer(sys.stdout)
out.writerow(["Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name", "Option1 Value",
              "Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty",
              "Variant Inventory Policy", "Variant Price", "Variant Compare At Price", "Image Src", "Image Position",
              "Image Alt Text", "Status"])
for n in range(products):
    handle, vendor, kind = f"thing-{n}", f"Maker {n % 400}", f"Kind {n % 60}"
    body = f"<p>Thing number {n}, made by {vendor}. " + "It is well made and lasts. " * (5 + n % 10) + "</p>"
    tags = f"{kind}, colour-{n % 12}, season-{n % 4}"
    first = [f"Thing {n}", body, vendor, kind, tags, "TRUE"]
    image = [f"https://cdn.example/thing-{n}.jpg", "1", f"Thing {n}", "active"]
    for v, size in enumerate("SML"):
        variant = ["Size" if v == 0 else "", size, f"T{n}-{size}", 100 + v, "shopify", n % 50 + v, "deny",
                   f"{5 + n % 95}.{v}0", "", ]
        out.writerow([handle] + (first if v == 0 else [""] * 6) + variant + (image if v == 0 else [""] * 4))
