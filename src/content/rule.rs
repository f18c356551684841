//! What makes a page or a menu unacceptable. Stored with idempotency keys: variants may be added, never renamed.

use serde::{Deserialize, Serialize};

use super::model::{NewMenu, NewMenuItem, NewPage, Target};
use crate::catalog::model::parse_handle;
use crate::db::idempotency::Refusal;

/// One reason, with the path to the input at fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub field: Vec<String>,
    pub rule: ContentRule,
    pub message: String,
}

impl Refusal for Vec<Refused> {}

/// The kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContentRule {
    Blank,
    TooLong,
    Taken,
    Invalid,
    NotFound,
    TooManyItems,
    TooDeep,
}

/// At most this many items a menu, at all depths together.
pub const MAX_ITEMS: usize = 250;
/// At most this many levels of items.
pub const MAX_DEPTH: usize = 3;
const MAX_TITLE: usize = 255;
const MAX_BODY: usize = 524_288;
const MAX_SEO_DESCRIPTION: usize = 5000;
const MAX_URL: usize = 2048;
const MAX_TAGS: usize = 250;

/// Everything that is wrong with a page, before the database is asked.
pub fn check_page(page: &NewPage) -> Vec<Refused> {
    let mut checks = Checks::default();
    checks.text(&["page", "title"], &page.title, 1, MAX_TITLE);
    if let Some(handle) = &page.handle {
        checks.handle(&["page", "handle"], handle);
    }
    checks.text(&["page", "body"], &page.body_html, 0, MAX_BODY);
    checks.text(&["page", "seo", "title"], page.seo_title.as_deref().unwrap_or_default(), 0, MAX_TITLE);
    let description = page.seo_description.as_deref().unwrap_or_default();
    checks.text(&["page", "seo", "description"], description, 0, MAX_SEO_DESCRIPTION);
    checks.found
}

/// Everything that is wrong with a menu, before the database is asked.
pub fn check_menu(menu: &NewMenu) -> Vec<Refused> {
    let mut checks = Checks::default();
    checks.text(&["title"], &menu.title, 1, MAX_TITLE);
    checks.handle(&["handle"], &menu.handle);
    let total = count(&menu.items);
    if total > MAX_ITEMS {
        let message = format!("a menu has at most {MAX_ITEMS} items; this one has {total}");
        checks.refuse(&["items"], ContentRule::TooManyItems, message);
        return checks.found;
    }
    checks.items(&mut vec!["items".to_owned()], &menu.items, 1);
    checks.found
}

fn count(items: &[NewMenuItem]) -> usize {
    items.iter().map(|item| 1 + count(&item.items)).sum()
}

#[derive(Default)]
struct Checks {
    found: Vec<Refused>,
}

impl Checks {
    fn items(&mut self, path: &mut Vec<String>, items: &[NewMenuItem], depth: usize) {
        if !items.is_empty() && depth > MAX_DEPTH {
            self.refuse(path, ContentRule::TooDeep, format!("a menu has at most {MAX_DEPTH} levels"));
            return;
        }
        for (at, item) in items.iter().enumerate() {
            path.push(at.to_string());
            self.text(&within(path, "title"), &item.title, 1, MAX_TITLE);
            if let Target::Http(url) = &item.target {
                self.text(&within(path, "url"), url, 1, MAX_URL);
                if !is_link(url) {
                    let message = "is neither a path nor an http, https, mailto or tel URL".to_owned();
                    self.refuse(&within(path, "url"), ContentRule::Invalid, message);
                }
            }
            if item.tags.len() > MAX_TAGS || item.tags.iter().any(|tag| tag.chars().count() > MAX_TITLE) {
                let message = format!("at most {MAX_TAGS} tags of at most {MAX_TITLE} characters");
                self.refuse(&within(path, "tags"), ContentRule::TooLong, message);
            }
            path.push("items".to_owned());
            self.items(path, &item.items, depth + 1);
            path.truncate(path.len() - 2);
        }
    }

    fn text(&mut self, path: &[impl ToString], text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        if text.trim().is_empty() && least > 0 {
            self.refuse(path, ContentRule::Blank, "cannot be blank".to_owned());
        } else if length > most {
            self.refuse(path, ContentRule::TooLong, format!("has {length} characters; at most {most}"));
        }
    }

    fn handle(&mut self, path: &[&str], handle: &str) {
        if handle.trim().is_empty() {
            self.refuse(path, ContentRule::Blank, "cannot be blank".to_owned());
        } else if let Err(error) = parse_handle(handle) {
            self.refuse(path, ContentRule::Invalid, error.to_string());
        }
    }

    fn refuse(&mut self, path: &[impl ToString], rule: ContentRule, message: String) {
        self.found.push(Refused { field: path.iter().map(ToString::to_string).collect(), rule, message });
    }
}

fn within(path: &[String], field: &str) -> Vec<String> {
    path.iter().cloned().chain([field.to_owned()]).collect()
}

/// What a link may lead to. Anything else (`javascript:`, say) would run in the shopper's browser.
fn is_link(url: &str) -> bool {
    url.starts_with(['/', '#', '?'])
        || url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "mailto" | "tel"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(target: Target, items: Vec<NewMenuItem>) -> NewMenuItem {
        NewMenuItem { title: "x".to_owned(), target, tags: Vec::new(), items }
    }

    fn found(items: Vec<NewMenuItem>) -> Vec<(String, ContentRule)> {
        let menu = NewMenu { title: "Main".to_owned(), handle: "main".to_owned(), items };
        check_menu(&menu).into_iter().map(|refused| (refused.field.join("."), refused.rule)).collect()
    }

    #[test]
    fn a_menu_is_bounded_in_depth_and_size() {
        let nest = |depth: usize| (0..depth).fold(Vec::new(), |items, _| vec![item(Target::Search, items)]);
        assert_eq!(found(nest(3)), []);
        let path = "items.0.items.0.items.0.items".to_owned();
        assert_eq!(found(nest(4)), [(path, ContentRule::TooDeep)]);
        let many = vec![item(Target::Search, Vec::new()); MAX_ITEMS + 1];
        assert_eq!(found(many), [("items".to_owned(), ContentRule::TooManyItems)]);
    }

    #[test]
    fn a_link_cannot_run_a_script() {
        for (url, is_fine) in
            [("/about", true), ("https://x.example", true), ("javascript:alert(1)", false), ("about", false)]
        {
            let is_refused = !found(vec![item(Target::Http(url.to_owned()), Vec::new())]).is_empty();
            assert_eq!(is_refused, !is_fine, "{url}");
        }
    }
}
