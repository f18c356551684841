//! How files are read, and what is told of their faults.

use std::io::{self, Read};

use super::*;
use crate::catalog::model::{ImportExtra, InventoryPolicy, ProductKey, ProductStatus, Publication, WeightUnit};

const HEADER: &str = "Handle,Title,Body (HTML),Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,\
                      Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,\
                      Variant Inventory Policy,Variant Price,Image Src,Image Position,Image Alt Text,Gift Card,\
                      Variant Weight Unit,Variant Tax Code,Status\n";

fn read(text: impl Into<Vec<u8>>) -> Batch {
    let mut source = Source::open(io::Cursor::new(text.into()), Currency::EUR).unwrap();
    let batch = source.next_batch().unwrap().unwrap_or_default();
    assert!(source.next_batch().unwrap().is_none(), "one batch is enough");
    batch
}

/// Rows with the named cells, under the usual header.
fn rows(rows: &[&[(&str, &str)]]) -> String {
    let names: Vec<&str> = HEADER.trim().split(',').collect();
    let cell = |row: &[(&str, &str)], name: &str| {
        let text = row.iter().find(|(one, _)| *one == name).map_or("", |(_, text)| *text);
        format!("\"{}\"", text.replace('"', "\"\""))
    };
    let line = |row: &&[(&str, &str)]| names.iter().map(|name| cell(row, name)).collect::<Vec<_>>().join(",");
    format!("{HEADER}{}\n", rows.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// Line, column and reason of everything rejected.
fn rejections(batch: &Batch) -> Vec<(u64, &str, &str)> {
    let of_products = batch.products.iter().flat_map(|product| &product.rejected);
    let mut all: Vec<_> = batch
        .rejected
        .iter()
        .chain(of_products)
        .map(|one| (one.line, one.column.as_deref().unwrap_or_default(), one.reason.as_str()))
        .collect();
    all.sort_unstable();
    all
}

/// What is kept beside the fields.
fn kept(extra: Option<&ImportExtra>) -> serde_json::Value {
    serde_json::json!(extra.expect("an import keeps what has no field").values)
}

#[test]
fn several_rows_make_one_product_with_quoted_newlines_bom_and_crlf() {
    let text = "\u{feff}Handle,Title,Body (HTML),Option1 Name,Option1 Value,Variant Price,Image Src,Image Position\r\n\
                shirt,Shirt,\"<p>Soft,\r\n\"\"very\"\" soft</p>\",Size,S,9.90,https://x.example/2.jpg,2\r\n\
                shirt,,,,M,10,https://x.example/1.jpg,1\r\n\
                \r\n\
                shirt,,,,,,https://x.example/3.jpg,\r\n\
                cap,Cap,,Title,Default Title,5,,\r\n";
    let batch = read(text);
    assert_eq!(rejections(&batch), []);
    let [shirt, cap] = batch.products.as_slice() else { panic!("{batch:?}") };
    let draft = &shirt.product.as_ref().unwrap().draft;
    assert_eq!(draft.key, ProductKey::Handle("shirt".to_owned()));
    assert_eq!(draft.description_html.as_deref(), Some("<p>Soft,\r\n\"very\" soft</p>"));
    assert_eq!(draft.options.as_ref().unwrap()[0].name, "Size");
    let variants = draft.variants.as_ref().unwrap();
    let prices: Vec<_> = variants.iter().map(|variant| (variant.options[0].1.as_str(), variant.price_minor)).collect();
    assert_eq!(prices, [("S", Some(990)), ("M", Some(1000))]);
    let images: Vec<_> = draft.images.as_ref().unwrap().iter().map(|image| image.url.as_str()).collect();
    assert_eq!(images, ["https://x.example/1.jpg", "https://x.example/2.jpg", "https://x.example/3.jpg"]);
    let cap = &cap.product.as_ref().unwrap().draft;
    assert_eq!((cap.options.as_deref(), cap.variants.as_ref().unwrap()[0].options.len()), (Some(&[][..]), 0));
    // The header, a row over two lines, one row, an empty line, one row: the cap is on line 7.
    assert_eq!((batch.rows, batch.products[0].line, batch.products[1].line), (4, 2, 7));
}

#[test]
fn columns_that_are_missing_leave_fields_as_they_are_and_unknown_ones_are_kept() {
    let batch = read("Handle,Title,Google Shopping / MPN,Variant Tax Code\nshirt,Shirt,M-1,\n");
    let draft = &batch.products[0].product.as_ref().unwrap().draft;
    assert_eq!((&draft.vendor, &draft.tags, &draft.images, &draft.variants), (&None, &None, &None, &None));
    assert_eq!(draft.publication, Publication::Keep);
    assert_eq!(kept(draft.import_extra.as_ref()), serde_json::json!({ "Google Shopping / MPN": "M-1" }));
}

#[test]
fn every_value_is_read_by_its_columns_rules() {
    let batch = read(rows(&[&[
        ("Handle", "Shirt"),
        ("Title", " Shirt "),
        ("Tags", "a, b,,a"),
        ("Published", "FALSE"),
        ("Option1 Name", "Size"),
        ("Option1 Value", "S"),
        ("Variant SKU", "SH-S"),
        ("Variant Grams", "453.6"),
        ("Variant Weight Unit", "lb"),
        ("Variant Inventory Tracker", "shopify"),
        ("Variant Inventory Qty", "7"),
        ("Variant Inventory Policy", "continue"),
        ("Variant Price", "1.5"),
        ("Gift Card", "false"),
        ("Variant Tax Code", "T1"),
        ("Status", "Draft"),
    ]]));
    let ready = batch.products[0].product.as_ref().unwrap();
    let (draft, variant) = (&ready.draft, &ready.draft.variants.as_ref().unwrap()[0]);
    assert_eq!(draft.key, ProductKey::Handle("shirt".to_owned()));
    assert_eq!(draft.title.as_deref(), Some("Shirt"));
    assert_eq!(draft.tags.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
    assert_eq!((draft.publication, draft.status), (Publication::Hidden, Some(ProductStatus::Draft)));
    assert_eq!(kept(draft.import_extra.as_ref()), serde_json::json!({ "Gift Card": "false" }));
    assert_eq!(kept(variant.import_extra.as_ref()), serde_json::json!({ "Variant Tax Code": "T1" }));
    let weight = variant.weight.unwrap();
    assert_eq!((weight.grams, weight.unit), (454, WeightUnit::Pounds));
    assert_eq!((variant.tracked, variant.inventory_policy), (Some(true), Some(InventoryPolicy::Continue)));
    assert_eq!((ready.variants[0].quantity, variant.price_minor), (Some(7), Some(150)));
}

#[test]
fn units_that_are_not_stock_here_are_kept_beside_it() {
    let base = [("Handle", "a"), ("Title", "A"), ("Option1 Name", "Size"), ("Option1 Value", "S")];
    let untracked = [&base[..], &[("Variant Inventory Qty", "3")]].concat();
    let tracked = [("Handle", "a"), ("Option1 Value", "M"), ("Variant Inventory Tracker", "shopify")];
    let oversold = [&tracked[..], &[("Variant Inventory Qty", "-3"), ("Variant Inventory Policy", "deny")]].concat();
    let batch = read(rows(&[&untracked, &oversold]));
    let ready = batch.products[0].product.as_ref().unwrap();
    let variants = ready.draft.variants.as_ref().unwrap();
    assert_eq!((variants[0].tracked, ready.variants[0].quantity), (Some(false), None));
    assert_eq!(kept(variants[0].import_extra.as_ref()), serde_json::json!({ "Variant Inventory Qty": "3" }));
    assert_eq!((variants[1].tracked, ready.variants[1].quantity), (Some(true), Some(0)));
    assert_eq!(kept(variants[1].import_extra.as_ref()), serde_json::json!({ "Variant Inventory Qty": "-3" }));
}

#[test]
fn what_a_later_row_says_otherwise_of_its_product_is_kept() {
    let batch = read(rows(&[
        &[("Handle", "a"), ("Title", "A"), ("Option1 Name", "Size"), ("Option1 Value", "S"), ("Gift Card", "x")],
        &[("Handle", "a"), ("Option1 Value", "M"), ("Gift Card", "y")],
        &[("Handle", "a"), ("Image Src", "https://x.example/1.jpg"), ("Gift Card", "z")],
    ]));
    let draft = &batch.products[0].product.as_ref().unwrap().draft;
    assert_eq!(kept(draft.import_extra.as_ref()), serde_json::json!({ "Gift Card": ["x", "z"] }));
    let second = &draft.variants.as_ref().unwrap()[1];
    assert_eq!(kept(second.import_extra.as_ref()), serde_json::json!({ "Gift Card": "y" }));
}

#[test]
fn a_bad_row_is_told_by_line_column_and_reason_and_the_rest_stays() {
    let batch = read(rows(&[
        &[("Handle", "a"), ("Title", "A"), ("Option1 Name", "Size"), ("Option1 Value", "S"), ("Variant Price", "1")],
        &[("Handle", "a"), ("Option1 Value", "M"), ("Variant Price", "cheap"), ("Variant Grams", "-1")],
        &[("Handle", "a"), ("Option1 Value", "S"), ("Variant Price", "1")],
        &[("Handle", "a"), ("Variant Price", "1")],
        &[("Handle", "a"), ("Image Src", "/relative.jpg")],
        &[("Handle", ""), ("Title", "Nobody")],
        &[("Handle", "b"), ("Title", "")],
        &[("Handle", "b"), ("Option1 Value", "M")],
        &[("Handle", "c"), ("Title", "C"), ("Status", "sold"), ("Variant Inventory Policy", "maybe")],
        &[("Handle", "d"), ("Title", "D"), ("Option1 Value", "S")],
        &[("Handle", "e/e"), ("Title", "E")],
    ]));
    let expected = [
        (3, "Variant Grams", "is `-1`; expected a number from 0 to 100000000"),
        (3, "Variant Price", "`cheap` is not a decimal number like 19.90"),
        (4, "Option1 Value", "another row has the same option values"),
        (5, "Option1 Value", "is blank; the product has the option `Size`"),
        (6, "Image Src", "`/relative.jpg` is not a http or https URL"),
        (7, "Handle", "is blank"),
        (8, "Title", "is blank in the product's first row"),
        (9, "", "belongs to the product whose first row, line 8, was rejected"),
        (10, "Status", "is `sold`; expected active, draft or archived"),
        (11, "Option1 Name", "is blank, though there are values; all rows of the product are left out"),
        (12, "Handle", "is not a handle: use letters, digits, hyphens and underscores, at most 255"),
    ];
    assert_eq!(rejections(&batch), expected);
    let rejected: u64 = batch.rejected_rows + batch.products.iter().map(|one| one.rejected_rows).sum::<u64>();
    assert_eq!((batch.rows, rejected), (11, 10));
    let a = batch.products[0].product.as_ref().unwrap();
    assert_eq!((a.variants.len(), a.draft.is_partial), (1, true));
    assert!(batch.products[1..].iter().all(|product| product.product.is_none()));
}

#[test]
fn rows_that_stand_apart_join_their_product_while_it_waits_and_are_rejected_after_that() {
    let near = read("Handle,Title,Option1 Name,Option1 Value\na,A,Size,S\nb,B,,\na,,,M\n");
    assert_eq!(near.products[0].product.as_ref().unwrap().variants.len(), 2);
    let between: String = (0..BATCH_PRODUCTS).map(|number| format!("b{number},B,,\n")).collect();
    let text = format!("Handle,Title,Option1 Name,Option1 Value\na,A,Size,S\n{between}a,,,M\n");
    let mut source = Source::open(text.as_bytes(), Currency::EUR).unwrap();
    source.next_batch().unwrap().unwrap();
    let last = source.next_batch().unwrap().unwrap();
    let line = BATCH_PRODUCTS as u64 + 3;
    assert_eq!(
        rejections(&last),
        [(line, "Handle", "`a` has rows from line 2 on; a product's rows must stand together")]
    );
}

#[test]
fn what_is_no_text_or_no_row_is_rejected_alone() {
    let mut text = b"Handle,Title\na,A\nb,\xff\nc,C,surplus\nd,\0\n".to_vec();
    text.extend_from_slice(b"e\n,\n");
    let batch = read(text);
    let expected = [
        (3, "Title", "is not UTF-8"),
        (4, "", "has 3 cells; the header has 2"),
        (5, "Title", "contains a NUL character"),
        (6, "Title", "is blank in the product's first row"),
    ];
    assert_eq!(rejections(&batch), expected);
    assert!(batch.products[0].product.is_some());
}

#[test]
fn values_that_differ_in_case_only_are_the_same_value() {
    let batch = read("Handle,Title,Option1 Name,Option1 Value\na,A,Colour,Red\na,,,red\na,,,Blue\n");
    assert_eq!(rejections(&batch), [(3, "Option1 Value", "another row has the same option values")]);
    assert_eq!(batch.products[0].product.as_ref().unwrap().variants.len(), 2);
}

#[test]
fn what_has_no_field_is_kept_whatever_columns_the_file_has() {
    let text = "Handle,Title,Option1 Name,Option1 Value,Gift Card,Variant Inventory Tracker\n\
                a,A,Size,S,x,shopify\na,,,M,y,amazon\n";
    let batch = read(text);
    let variants = batch.products[0].product.as_ref().unwrap().draft.variants.as_ref().unwrap();
    let both = serde_json::json!({ "Gift Card": "y", "Variant Inventory Tracker": "amazon" });
    assert_eq!(kept(variants[1].import_extra.as_ref()), both);
    let batch = read(text.replace(",Variant Inventory Tracker", "").replace(",shopify", "").replace(",amazon", ""));
    let variants = batch.products[0].product.as_ref().unwrap().draft.variants.as_ref().unwrap();
    assert_eq!(kept(variants[1].import_extra.as_ref()), serde_json::json!({ "Gift Card": "y" }));
}

#[test]
fn a_product_is_partial_when_a_row_of_it_cannot_be_read_or_stands_apart() {
    let between: String = (0..BATCH_PRODUCTS).map(|number| format!("b{number},B,,\n")).collect();
    let open = format!("open,Open,Size,S\n\"open{}", "x".repeat(2 * usize::try_from(MAX_RECORD).unwrap()));
    let rows = [
        "whole,Whole,Size,S\nwhole,,,M\n",
        "comma,Comma,Size,S\ncomma,,,M,\n",
        "nul,Nul,Size,S\nnul,,,\0\n",
        "early,Early,Size,M,\nearly,Early,Size,S\n",
        "blank,Blank,Size,S\n,,,M\n",
        &format!("bad,Bad,Size,S\nbad,,,{}\n", "y".repeat(300)),
        "apart,Apart,Size,S\n",
        &between,
        "apart,,,M\n",
        &open,
    ];
    let mut text = format!("Handle,Title,Option1 Name,Option1 Value\n{}", rows.concat()).into_bytes();
    let latin = b"latin,Latin,Size,S\nlatin,,,\xe9\n";
    let at = text.windows(4).position(|window| window == b"nul,").unwrap();
    text.splice(at..at, latin.iter().copied());
    let mut source = Source::surveyed(io::Cursor::new(text), Currency::EUR).unwrap();
    let mut partial = Vec::new();
    while let Some(batch) = source.next_batch().unwrap() {
        let is_partial = |one: &&Parsed| one.product.as_ref().is_some_and(|ready| ready.draft.is_partial);
        partial.extend(batch.products.iter().filter(is_partial).map(|product| product.handle.clone()));
    }
    assert_eq!(partial, ["comma", "latin", "nul", "early", "blank", "bad", "apart", "open"]);
}

/// The products that are partial, and every rejection, of a file that is read as an import reads it.
fn surveyed(text: &str) -> (Vec<String>, Vec<Rejection>) {
    let mut source = Source::surveyed(io::Cursor::new(text.to_owned()), Currency::EUR).unwrap();
    let (mut partial, mut rejected) = (Vec::new(), Vec::new());
    while let Some(batch) = source.next_batch().unwrap() {
        rejected.extend(batch.rejected);
        for product in batch.products {
            rejected.extend(product.rejected);
            partial.extend(product.product.filter(|ready| ready.draft.is_partial).map(|_| product.handle));
        }
    }
    rejected.sort_by_key(|rejection| rejection.line);
    (partial, rejected)
}

const QUOTED: &str = "Handle,Title,Body (HTML),Option1 Name,Option1 Value\n";

#[test]
fn a_quote_that_is_never_closed_is_told_and_makes_its_products_partial() {
    let text = format!("{QUOTED}a,A,,Size,S\na,,\"fine,,M\nb,B,,Size,S\nc,C,,Size,S\n");
    let (partial, rejected) = surveyed(&text);
    assert_eq!(partial, ["a"]);
    let [one] = rejected.as_slice() else { panic!("{rejected:?}") };
    assert_eq!((one.line, one.column.as_deref(), one.handle.as_deref()), (3, Some("Body (HTML)"), Some("a")));
    assert!(one.reason.contains("line 3 is never closed"), "{one:?}");
}

#[test]
fn a_stray_quote_is_told_and_makes_the_products_around_it_partial() {
    // Without titles nothing else would keep the row that follows from being its product's first.
    let text = "Handle,Body (HTML),Option1 Name,Option1 Value\n\
                a,A,Size,S\nb,\"<p>fine</p>,Size,S\nb,,,M\nc,\"<p>a</p>\",Size,S\nc,C,Size,M\nd,D,Size,S\n";
    let (partial, rejected) = surveyed(text);
    assert_eq!(partial, ["a", "c"]);
    let [one] = rejected.as_slice() else { panic!("{rejected:?}") };
    assert_eq!((one.line, one.column.as_deref(), one.handle.as_deref()), (3, Some("Body (HTML)"), Some("b")));
    assert!(one.reason.contains("opens on line 3 closes on line 5"), "{one:?}");
}

#[test]
fn a_header_whose_quote_is_never_closed_is_refused() {
    let error = Source::open("Handle,\"Title\na,A\n".as_bytes(), Currency::EUR).err().unwrap().to_string();
    assert!(error.contains("column 2") && error.contains("line 1 is never closed"), "{error}");
}

#[test]
fn lines_are_those_of_the_file_whatever_ends_them() {
    let text = "Handle,Title,Status\na,A,sold\n\nb,\"B\nb\",sold\nc,C,sold\n";
    for end in ["\n", "\r\n", "\r"] {
        let (_, rejected) = surveyed(&text.replace('\n', end));
        let lines: Vec<u64> = rejected.iter().map(|rejection| rejection.line).collect();
        assert_eq!(lines, [2, 4, 6], "{end:?}");
    }
    let (_, rejected) = surveyed("Handle,Title,Status\na,\"A\ra\",active\nb,B,sold\n");
    assert_eq!(rejected[0].line, 3, "a CR alone is text where lines end in LF");
}

#[test]
fn what_is_told_of_long_cells_is_short() {
    let long = "x".repeat(1 << 20);
    let text = format!("Handle,Title,Status,{long}\na,A,{long},\n{long},A,,\n{long},B,,\n,,,\"a\"b\n");
    let (_, rejected) = surveyed(&text);
    assert_eq!(rejected.len(), 4);
    for Rejection { column, handle, reason, .. } in rejected {
        let bytes = column.map_or(0, |text| text.len()) + handle.map_or(0, |text| text.len()) + reason.len();
        assert!(bytes < 800, "{bytes} bytes of {:?}", &reason[..reason.len().min(1000)]);
    }
}

#[test]
fn what_is_told_of_many_bad_rows_is_bounded() {
    let text = format!("Handle,Title\n{}a,A\n{}", ",X\n".repeat(MAX_REPORTED + 5), "a,,\n".repeat(MAX_REPORTED + 5));
    let mut source = Source::open(text.as_bytes(), Currency::EUR).unwrap();
    let batch = source.next_batch().unwrap().unwrap();
    assert_eq!((batch.rejected.len(), batch.rejected_rows), (MAX_REPORTED, 2 * (MAX_REPORTED as u64 + 5)));
}

/// As many products as asked for, made as they are read: no file is that long in memory.
struct Endless {
    left: u64,
    line: Vec<u8>,
    given: u64,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.line.is_empty() && self.left > 0 {
            self.left -= 1;
            self.line = format!("p{},{},9.90\n", self.left, "T".repeat(200)).into_bytes();
        }
        let most = self.line.len().min(buffer.len());
        let line: Vec<u8> = self.line.drain(..most).collect();
        buffer[..most].copy_from_slice(&line);
        self.given += most as u64;
        Ok(most)
    }
}

#[test]
fn memory_is_bounded_by_a_batch_however_long_the_file() {
    let rows = 20_000;
    let endless = Endless { left: rows, line: b"Handle,Title,Variant Price\n".to_vec(), given: 0 };
    let mut source = Source::open(endless, Currency::EUR).unwrap();
    let (mut seen, mut before) = (0, 0);
    while let Some(batch) = source.next_batch().unwrap() {
        assert!(batch.products.len() <= BATCH_PRODUCTS && batch.rows <= BATCH_ROWS);
        seen += batch.rows;
        // Nothing is read ahead but what the reader's buffer and one record hold.
        let given = source.reader.get_ref().inner.given;
        assert!(given - before < 210 * (BATCH_PRODUCTS as u64 + 100) + (64 << 10), "{given} after {before}");
        before = given;
    }
    assert_eq!(seen, rows);
}

#[test]
fn a_product_of_many_rows_and_a_quote_never_closed_are_bounded_too() {
    let many: String = (0..2100).map(|number| format!("a,,,V{number}\n")).collect();
    let batch = read(format!("Handle,Title,Option1 Name,Option1 Value\na,A,Size,S\n{many}"));
    assert_eq!(batch.products[0].product.as_ref().unwrap().variants.len(), 2048);
    assert_eq!(batch.products[0].rejected_rows, 2101 - 2048);

    let open = b"Handle,Title\na,A\nb,\"B\n".chain(io::repeat(b'x'));
    let mut source = Source::open(open, Currency::EUR).unwrap();
    let batch = source.next_batch().unwrap().unwrap();
    assert_eq!(batch.products.len(), 1);
    assert_eq!(batch.rejected[0].line, 3);
    assert!(batch.rejected[0].reason.contains("a quote were never closed"), "{:?}", batch.rejected);
    assert!(source.next_batch().unwrap().is_none());
}

#[test]
fn a_file_without_a_product_header_is_refused_whole() {
    let open = |text: &'static str| Source::open(text.as_bytes(), Currency::EUR).err().map(|error| error.to_string());
    assert_eq!(open("").as_deref(), Some("the file is empty"));
    assert!(open("Name,Price\nx,1\n").unwrap().contains("no column `Handle`"));
    assert_eq!(open("Handle\n"), None);
}
