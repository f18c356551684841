//! What a mail says, in one language.

/// `{shop}` in these is the shop's name, and so with other names that the mail has values for.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// The language's code, for HTML.
    pub lang: &'static str,
    /// How a reader is addressed, in front of the name or without one.
    pub hello: &'static str,
    /// Without the shop's name, which follows.
    pub subject: &'static str,
    /// Why they are written to.
    pub why: &'static str,
    /// What they may do: in front of the way to do it. None: there is nothing to do.
    pub what: Option<&'static str>,
    /// What they should know beside that.
    pub otherwise: &'static str,
}

impl Words {
    /// The first line.
    pub fn hello(&self, name: Option<&str>) -> String {
        match name {
            Some(name) => format!("{} {name},", self.hello),
            None => format!("{},", self.hello),
        }
    }
}

/// With the values in the places of their names. What a value says is not looked at again.
pub fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        filled.push_str(before);
        filled.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = behind;
    }
    filled.push_str(rest);
    filled
}
