//! How rows of one product go together.

use serde_json::json;

use super::*;
use crate::import::source::{Batch, Source};

fn read(text: &str) -> Batch {
    let mut source = Source::surveyed(std::io::Cursor::new(text.to_owned()), Currency::EUR).unwrap();
    source.next_batch().unwrap().unwrap()
}

/// What is kept beside the first product's fields, and beside those of its variants.
fn kept(batch: &Batch) -> (Value, Value) {
    let draft = &batch.products[0].product.as_ref().unwrap().draft;
    let values = |extra: &Option<ImportExtra>| json!(extra.as_ref().unwrap().values);
    (values(&draft.import_extra), draft.variants.iter().flatten().map(|one| values(&one.import_extra)).collect())
}

/// Line, column and reason of what is rejected.
fn rejected(batch: &Batch) -> Vec<(u64, &str, &str)> {
    let all = batch.products.iter().flat_map(|product| &product.rejected);
    all.map(|one| (one.line, one.column.as_deref().unwrap_or_default(), one.reason.as_str())).collect()
}

#[test]
fn what_a_later_row_says_of_its_product_is_refused_when_it_cannot_be_meant() {
    let batch = read(
        "Handle,Title,Status,Published,Option1 Name,Option1 Value\n\
         a,A,active,true,Size,S\n\
         a,A,Active,TRUE,size,M\n\
         a,,sold,,,L\n\
         a,,,maybe,,L\n\
         a,,draft,,,L\n\
         a,,,false,,L\n\
         a,,,,Colour,L\n\
         a,,,,,XL\n",
    );
    let expected = [
        (4, "Status", "is `sold`; expected active, draft or archived"),
        (5, "Published", "is `maybe`; expected true or false"),
        (6, "Status", "is `draft`; the product's first row, line 2, says otherwise"),
        (7, "Published", "is `false`; the product's first row, line 2, says otherwise"),
        (8, "Option1 Name", "is `Colour`; in the rows before it is `Size`"),
    ];
    assert_eq!(rejected(&batch), expected);
    let ready = batch.products[0].product.as_ref().unwrap();
    assert_eq!((ready.variants.len(), ready.draft.is_partial), (3, true));
}

#[test]
fn two_products_with_one_handle_do_not_merge() {
    let batch = read(
        "Handle,Title,Option1 Name,Option1 Value\n\
         a,A,Size,S\na,B,Size,M\na,,,L\na,A,,XL\na,,,XXL\n",
    );
    let expected = [
        (3, "Title", "is `B`; the product's first row, line 2, says otherwise"),
        (4, "", "follows line 3, whose title is another, and may belong to that"),
    ];
    assert_eq!(rejected(&batch), expected);
    assert_eq!(batch.products[0].product.as_ref().unwrap().variants.len(), 3);
}

#[test]
fn texts_of_later_rows_are_kept_beside_them() {
    let batch = read(
        "Handle,Title,Body (HTML),Vendor,Tags,SEO Title,Option1 Name,Option1 Value,Image Src\n\
         a,A,Body,V,\"x, y\",,Size,S,\n\
         a,,Body,V,\"x,y\",,,M,\n\
         a,,Other,W,z,Seo,,L,\n\
         a,,,U,,,,,https://x.example/1.jpg\n",
    );
    assert_eq!(rejected(&batch), []);
    let third = json!({ "Body (HTML)": "Other", "Vendor": "W", "Tags": "z", "SEO Title": "Seo" });
    assert_eq!(kept(&batch), (json!({ "Vendor": "U" }), json!([{}, {}, third])));
}

#[test]
fn cells_that_nothing_uses_are_kept() {
    let batch = read(
        "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Image Src,Image Position,Image Alt Text,\
         Variant Image,Variant Weight Unit\n\
         a,A,Size,S,Colour,https://x.example/1.jpg,1,One,,lb\n\
         a,,,M,,https://x.example/1.jpg,2,Another,,\n\
         a,,,L,,,7,Nothing's,,\n\
         a,,,,,https://x.example/2.jpg,3,Two,https://x.example/v.jpg,kg\n",
    );
    assert_eq!(rejected(&batch), []);
    let product = json!({
        "Option2 Name": "Colour", "Variant Image": "https://x.example/v.jpg", "Variant Weight Unit": "kg",
    });
    let variants = json!([
        { "Variant Weight Unit": "lb" },
        { "Image Position": "2", "Image Alt Text": "Another" },
        { "Image Position": "7", "Image Alt Text": "Nothing's" },
    ]);
    assert_eq!(kept(&batch), (product, variants));
}
