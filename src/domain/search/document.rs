//! What the index knows of an item, a file or a change order.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::fold::{fold, short_terms};

/// The characters of a document that are indexed; what follows is not found.
const MOST_CHARACTERS: usize = 10_000;

/// The characters of a number that its key has: a longer one fits into no row of an index. The rest is found as text.
const LONGEST_NUMBER: usize = 500;

/// Kinds of documents. Each is indexed and looked for by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Item,
    File,
    Eco,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::File => "file",
            Self::Eco => "eco",
        }
    }

    /// How clients know its index.
    pub fn index(self) -> &'static str {
        match self {
            Self::Item => "yuantus-items",
            Self::File => "yuantus-files",
            Self::Eco => "yuantus-ecos",
        }
    }
}

/// One document as its area tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub id: Uuid,
    /// The item type, the kind of change order, the kind of file.
    pub type_id: Option<String>,
    pub state: Option<String>,
    /// The stage of a change order.
    pub stage: Option<String>,
    pub number: Option<String>,
    pub name: Option<String>,
    /// All text that finds it, number and name included.
    pub text: String,
    /// What a hit shows: [`FileFields`] or [`EcoFields`]; items are looked up instead.
    pub fields: Option<Value>,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
}

/// The texts of a document as they are compared.
pub struct Folded {
    pub number: Option<String>,
    pub name: Option<String>,
    /// Number and name, where slips of the finger are forgiven.
    pub title: String,
    pub body: String,
    pub terms: Vec<String>,
}

impl Document {
    pub fn folded(&self) -> Folded {
        let whole = |text: &Option<String>| text.as_deref().map(fold).filter(|key| !key.is_empty());
        let (number, name) = (whole(&self.number).map(beginning), whole(&self.name));
        let title: Vec<&str> = [&number, &name].into_iter().flatten().map(String::as_str).collect();
        let body: String = fold(&self.text).chars().take(MOST_CHARACTERS).collect();
        Folded { title: title.join(" "), terms: short_terms(&body), number, name, body }
    }
}

fn beginning(key: String) -> String {
    key.chars().take(LONGEST_NUMBER).collect()
}

/// What is shown of a file that was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileFields {
    pub filename: String,
    pub cad_format: Option<String>,
    pub document_type: Option<String>,
    pub document_version: Option<String>,
    pub cad_review_state: Option<String>,
}

/// What is shown of a change order that was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EcoFields {
    pub name: String,
    pub description: Option<String>,
    pub search_text: String,
    pub eco_type: Option<String>,
    pub priority: Option<String>,
    pub product_id: Option<Uuid>,
    pub source_version_id: Option<Uuid>,
    pub target_version_id: Option<Uuid>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_compared_without_case_and_up_to_a_length() {
        let document = Document {
            id: Uuid::nil(),
            type_id: None,
            state: None,
            stage: None,
            number: Some(" P-1 ".to_owned()),
            name: Some("\u{0}".to_owned()),
            text: "轴".repeat(20_000),
            fields: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: None,
        };
        let folded = document.folded();
        assert_eq!(
            (folded.number.as_deref(), folded.name.as_deref(), folded.title.as_str()),
            (Some("p-1"), None, "p-1")
        );
        assert_eq!(folded.body.chars().count(), MOST_CHARACTERS);
        assert_eq!(folded.terms, ["轴", "轴轴"]);
        let long = Document { number: Some("料".repeat(3000)), ..document };
        assert_eq!(long.folded().number.unwrap().chars().count(), LONGEST_NUMBER);
    }
}
