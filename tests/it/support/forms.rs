//! A browser without scripts: loads pages, fills forms in, follows redirects.

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::redirect::Policy;
use url::Url;

/// A page, as it was answered.
#[derive(Debug)]
pub struct Page {
    pub url: Url,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

/// The page's form: where it goes, and its inputs with what they start with.
#[derive(Clone, Debug)]
pub struct Form {
    pub action: Url,
    pub values: Vec<(String, String)>,
}

async fn page(request: reqwest::RequestBuilder) -> Page {
    let response = request.send().await.expect("an answer");
    let (url, status, headers) = (response.url().clone(), response.status().as_u16(), response.headers().clone());
    Page { url, status, headers, text: response.text().await.expect("a text") }
}

/// One that follows up to ten redirects, or none.
fn client(follows: bool) -> reqwest::Client {
    let policy = if follows { Policy::limited(10) } else { Policy::none() };
    reqwest::Client::builder().no_proxy().redirect(policy).build().expect("a client")
}

/// Loads a page.
pub async fn visit(url: impl AsRef<str>) -> Page {
    page(client(true).get(url.as_ref())).await
}

impl Page {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    pub fn form(&self) -> Form {
        let tag = tags(&self.text, "form").next().unwrap_or_else(|| panic!("no form: {}", self.text));
        let action = self.url.join(&attribute(tag, "action").expect("an action")).expect("a URL");
        let mut values = Vec::new();
        for input in tags(&self.text, "input").chain(tags(&self.text, "select")) {
            let is_off = attribute(input, "type").as_deref() == Some("radio") && !input.ends_with(" checked");
            if !is_off {
                let value = attribute(input, "value").unwrap_or_default();
                values.push((attribute(input, "name").expect("a name"), value));
            }
        }
        Form { action, values }
    }
}

impl Form {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let input = self.values.iter_mut().find(|(known, _)| known == name);
        value.clone_into(&mut input.unwrap_or_else(|| panic!("no input {name}")).1);
        self
    }

    pub fn get(&self, name: &str) -> &str {
        &self.values.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no input {name}")).1
    }

    /// Sends it as it is and goes where the answer leads.
    pub async fn submit(&self) -> Page {
        page(self.request(true)).await
    }

    /// Sends it with these headers over its own; shows the first answer, a redirect too.
    pub async fn submit_with(&self, headers: &[(&'static str, &str)]) -> Page {
        let headers =
            headers.iter().map(|(name, value)| ((*name).parse().expect("a name"), value.parse().expect("a value")));
        page(self.request(false).headers(headers.collect())).await
    }

    fn request(&self, follows: bool) -> reqwest::RequestBuilder {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.values).finish();
        let media = "application/x-www-form-urlencoded";
        client(follows).post(self.action.clone()).header(CONTENT_TYPE, media).body(body)
    }
}

/// The insides of every tag of this name.
fn tags<'a>(html: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    html.split('<').filter_map(move |part| {
        let inside = part.strip_prefix(name)?.strip_prefix(' ')?;
        inside.split_once('>').map(|(inside, _)| inside)
    })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(html_escape::decode_html_entities(value).into_owned())
}
