//! An item as a client reads it, where no typed answer stands for it: in the details of a refusal, in what RPC answers.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::basis::ETag;
use super::mirrors::ItemView;

impl ItemView {
    /// The fields that a get answers with.
    pub fn json(&self) -> Value {
        let item = &self.item;
        let mut shown = json!({
            "id": item.id,
            "type": item.item_type,
            "item_number": item.text("item_number").or(self.number.as_deref()),
            "number": self.number,
            "name": item.text("name"),
            "revision": item.text("revision"),
            "generation": item.generation,
            "state": item.state,
            "config_id": item.config_id,
            "is_current": item.is_current,
            "properties": self.properties,
            "created_at": time(item.created_on),
            "updated_at": item.modified_on.map(time),
            "created_by_id": item.created_by_id,
            "modified_by_id": item.modified_by_id,
            "owner_id": item.owner_id,
            "etag": ETag::of(item).to_string(),
        });
        if let Value::Object(shown) = &mut shown {
            self.add_ends(shown);
            self.add_expanded(shown);
        }
        shown
    }

    fn add_ends(&self, shown: &mut Map<String, Value>) {
        for (name, end) in [("source_id", self.item.source_id), ("related_id", self.item.related_id)] {
            shown.extend(end.map(|id| (name.to_owned(), json!(id))));
        }
    }

    fn add_expanded(&self, shown: &mut Map<String, Value>) {
        let expanded = &self.expanded;
        let ends = [("source", &expanded.source), ("related", &expanded.related)];
        shown.extend(ends.into_iter().filter_map(|(name, end)| Some((name.to_owned(), end.as_ref()?.json()))));
        if !expanded.relationships.is_empty() {
            let lines = |lines: &Vec<Self>| lines.iter().map(Self::json).collect::<Value>();
            let all = expanded.relationships.iter().map(|(name, some)| (name.clone(), lines(some)));
            shown.insert("relationships".to_owned(), Value::Object(all.collect()));
        }
        if !expanded.references.is_empty() {
            let all = expanded.references.iter().map(|(name, item)| (name.clone(), item.json()));
            shown.insert("references".to_owned(), Value::Object(all.collect()));
        }
    }
}

fn time(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
