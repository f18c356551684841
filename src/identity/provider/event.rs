//! Reading what a provider's webhooks tell, as Clerk has it: `organization.created`, `.updated`, `.deleted` and
//! `organizationMembership.created`, `.updated`, `.deleted`.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::claims::RoleMap;
use super::token::MAX_NAME;
use crate::identity::model::normal_email;
use crate::identity::outside::{Membership, Organization};

/// Somebody's address who has none, or none that can be written to.
pub const NO_ADDRESS: &str = "unknown@no-address.invalid";

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// There is such an organization.
    Organization(Organization),
    /// There is no such organization any more.
    OrganizationDeleted(Organization),
    Membership(Membership),
    /// Something that nobody asked for.
    Other,
}

impl Event {
    /// The organization that it is about.
    pub fn organization(&self) -> Option<&str> {
        match self {
            Self::Organization(said) | Self::OrganizationDeleted(said) => Some(&said.id),
            Self::Membership(said) => Some(&said.organization),
            Self::Other => None,
        }
    }
}

/// What is wrong with an event that is signed all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEvent {
    #[error("the body is not an event: expected a JSON object with type and data")]
    Shape,
    #[error("data.{0} is missing, or is not what it should be")]
    Field(&'static str),
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    data: Value,
    #[serde(default)]
    timestamp: Value,
}

/// Reads an event. It came true when its envelope says, or else its data; or else when it was sent.
pub fn read(body: &[u8], sent_at: DateTime<Utc>, roles: &RoleMap) -> Result<Event, BadEvent> {
    let Envelope { kind, data, timestamp } = serde_json::from_slice(body).map_err(|_| BadEvent::Shape)?;
    let times = [&timestamp, &data["updated_at"], &data["created_at"]];
    let changed_at = times.into_iter().find_map(millis).unwrap_or(sent_at);
    let said = Data(&data);
    Ok(match kind.as_str() {
        "organization.created" | "organization.updated" => Event::Organization(said.organization(changed_at)?),
        "organization.deleted" => Event::OrganizationDeleted(said.organization(changed_at)?),
        "organizationMembership.created" | "organizationMembership.updated" => {
            Event::Membership(said.membership(roles, changed_at, false)?)
        }
        "organizationMembership.deleted" => Event::Membership(said.membership(roles, changed_at, true)?),
        _ => Event::Other,
    })
}

fn millis(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(value.as_i64().filter(|millis| *millis > 0)?)
}

struct Data<'a>(&'a Value);

impl Data<'_> {
    fn organization(&self, changed_at: DateTime<Utc>) -> Result<Organization, BadEvent> {
        let id = self.id("/id", "id")?;
        let slug = self.text("/slug");
        let name = self.text("/name").or_else(|| slug.clone()).unwrap_or_else(|| id.clone());
        Ok(Organization { id, name, slug, changed_at })
    }

    fn membership(&self, roles: &RoleMap, changed_at: DateTime<Utc>, has_ended: bool) -> Result<Membership, BadEvent> {
        let subject = self.id("/public_user_data/user_id", "public_user_data.user_id")?;
        let identifier = self.text("/public_user_data/identifier");
        let names = ["/public_user_data/first_name", "/public_user_data/last_name"].map(|name| self.text(name));
        let names = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let name = Some(names).filter(|name| !name.is_empty());
        let name = name.or_else(|| identifier.clone()).unwrap_or_else(|| subject.clone());
        Ok(Membership {
            organization: self.id("/organization/id", "organization.id")?,
            id: self.id("/id", "id")?,
            email: identifier.as_deref().and_then(normal_email).unwrap_or_else(|| NO_ADDRESS.to_owned()),
            name: name.chars().take(MAX_NAME).collect(),
            role: roles.role(self.0["role"].as_str()).to_string(),
            subject,
            changed_at,
            has_ended,
        })
    }

    /// A name that has to be right: two that differ are never made the same.
    fn id(&self, pointer: &str, field: &'static str) -> Result<String, BadEvent> {
        let id = self.0.pointer(pointer).and_then(Value::as_str).ok_or(BadEvent::Field(field))?;
        let is_one = (1..=MAX_NAME).contains(&id.chars().count()) && !id.chars().any(char::is_control);
        is_one.then(|| id.to_owned()).ok_or(BadEvent::Field(field))
    }

    /// A text for people, cut to what can be kept.
    fn text(&self, pointer: &str) -> Option<String> {
        let text = self.0.pointer(pointer)?.as_str()?;
        let text: String = text.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
        (!text.trim().is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(event: &Value) -> Result<Event, BadEvent> {
        let mut roles = RoleMap::new("");
        roles.put("org:admin", "admin");
        read(event.to_string().as_bytes(), DateTime::UNIX_EPOCH, &roles)
    }

    fn membership(role: &Value, user: &Value) -> Value {
        json!({ "type": "organizationMembership.created", "timestamp": 1_654_012_591_835_i64, "data": {
            "id": "orgmem_1", "role": role, "organization": { "id": "org_1", "name": "Acme" },
            "public_user_data": user } })
    }

    #[test]
    fn a_membership_is_read_with_what_there_is() {
        let user =
            json!({ "user_id": "user_1", "identifier": "Ada@Shop.Example", "first_name": "Ada", "last_name": "L" });
        let Ok(Event::Membership(said)) = of(&membership(&json!("org:admin"), &user)) else { panic!("a membership") };
        assert_eq!(
            (said.email.as_str(), said.name.as_str(), said.role.as_str()),
            ("ada@shop.example", "Ada L", "admin")
        );
        assert_eq!(said.changed_at.timestamp_millis(), 1_654_012_591_835);
        for (user, email, name) in [
            (json!({ "user_id": "user_1" }), NO_ADDRESS, "user_1"),
            (json!({ "user_id": "user_1", "identifier": "+4930123" }), NO_ADDRESS, "+4930123"),
            (json!({ "user_id": "user_1", "first_name": "A\nda", "last_name": null }), NO_ADDRESS, "Ada"),
        ] {
            let Ok(Event::Membership(said)) = of(&membership(&json!("owner"), &user)) else { panic!("a membership") };
            assert_eq!((said.email.as_str(), said.name.as_str(), said.role.as_str()), (email, name, "viewer"));
        }
        for user in [json!({}), json!({ "user_id": "" }), json!({ "user_id": 7 }), json!(null)] {
            let bad = of(&membership(&json!("org:admin"), &user));
            assert_eq!(bad, Err(BadEvent::Field("public_user_data.user_id")), "{user}");
        }
    }

    #[test]
    fn when_it_came_true_says_the_envelope_or_else_the_data() {
        let at = |event: Value| match of(&event) {
            Ok(Event::Organization(said) | Event::OrganizationDeleted(said)) => said.changed_at.timestamp_millis(),
            other => panic!("{other:?}"),
        };
        let data = json!({ "id": "org_1", "created_at": 1, "updated_at": 2 });
        assert_eq!(at(json!({ "type": "organization.updated", "timestamp": 3, "data": data })), 3);
        assert_eq!(at(json!({ "type": "organization.updated", "data": data })), 2);
        assert_eq!(at(json!({ "type": "organization.deleted", "data": { "id": "org_1", "deleted": true } })), 0);
    }

    #[test]
    fn what_is_not_asked_for_is_let_be_and_what_is_no_event_is_told() {
        assert_eq!(of(&json!({ "type": "user.created", "data": { "id": 7 } })), Ok(Event::Other));
        for bad in [json!(null), json!([]), json!({ "type": "organization.created" }), json!({ "type": 7, "data": {} })]
        {
            assert_eq!(of(&bad), Err(BadEvent::Shape), "{bad}");
        }
        assert_eq!(of(&json!({ "type": "organization.created", "data": { "name": "x" } })), Err(BadEvent::Field("id")));
    }
}
