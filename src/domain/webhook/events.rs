//! The public names of events, and which of them a committed change is. Pure: the one table between what the program calls
//! things inside, which may change, and what receivers rely on, which may not.

use crate::error::{Error, Result};

/// An event that can be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventName {
    pub name: &'static str,
    pub description: &'static str,
}

/// Every event, in the order in which they are listed.
pub const EVENTS: [EventName; 23] = [
    EventName { name: "item.created", description: "An item of any type was added." },
    EventName { name: "item.updated", description: "Properties of an item changed." },
    EventName { name: "item.deleted", description: "An item was deleted." },
    EventName { name: "item.promoted", description: "An item took a step of its lifecycle; says from which state." },
    EventName { name: "item.released", description: "An item reached a released state; follows its item.promoted." },
    EventName { name: "item.revised", description: "The next version of a released item was opened." },
    EventName { name: "bom.changed", description: "A line of a BOM was added, changed or removed; names both parts." },
    EventName { name: "version.released", description: "A version was released with its item; it stays as it was." },
    EventName { name: "version.branched", description: "A draft beside the current version was made; names its item." },
    EventName { name: "version.merged", description: "A draft was merged into another version; names its item." },
    EventName { name: "version.checked_out", description: "Somebody took a version for themselves; names its item." },
    EventName { name: "version.checked_in", description: "A version was given back; names its item." },
    EventName { name: "version.checkout_undone", description: "A check-out was ended without a check-in." },
    EventName { name: "version.file_bound", description: "A file was bound to a version, or its place there changed." },
    EventName { name: "version.file_unbound", description: "A file was taken off a version." },
    EventName { name: "baseline.created", description: "What a product consists of was kept; names its item." },
    EventName { name: "baseline.released", description: "A baseline was released; names its item." },
    EventName { name: "file.uploaded", description: "A file was brought, be its content new or not." },
    EventName {
        name: "file.attached",
        description: "A file was attached to an item, or its place there changed; names the item.",
    },
    EventName { name: "file.detached", description: "A file was taken off an item; names the item." },
    EventName {
        name: "file.converted",
        description: "The preview of a file was made, or it was found that none can be made.",
    },
    EventName { name: "file.deleted", description: "A file was deleted." },
    EventName { name: TEST, description: "Sent on request, to try a webhook; patterns do not matter to it." },
];

/// The event that is sent on request.
pub const TEST: &str = "webhook.test";

/// What is called alike inside and outside.
const SAME: [&str; 15] = [
    "version.branched",
    "version.merged",
    "baseline.created",
    "baseline.released",
    "version.released",
    "version.checked_out",
    "version.checked_in",
    "version.checkout_undone",
    "version.file_bound",
    "version.file_unbound",
    "file.uploaded",
    "file.attached",
    "file.detached",
    "file.converted",
    "file.deleted",
];

/// The relationship whose changes are those of a BOM.
const BOM_LINE: &str = "Part BOM";

/// Whether any event comes of such a change.
pub fn concerns(topic: &str) -> bool {
    matches!(topic, "item.created" | "item.updated" | "item.deleted" | "item.promoted" | "item.revised")
        || topic.starts_with("relationship.")
        || SAME.contains(&topic)
}

/// The events that a change is; `released` says that it led to a released state from one that is not.
pub fn events_of(topic: &str, item_type: &str, released: bool) -> Vec<&'static str> {
    match topic {
        "item.created" => vec!["item.created"],
        "item.updated" => vec!["item.updated"],
        "item.deleted" => vec!["item.deleted"],
        "item.revised" => vec!["item.revised"],
        "item.promoted" if released => vec!["item.promoted", "item.released"],
        "item.promoted" => vec!["item.promoted"],
        "relationship.created" | "relationship.updated" | "relationship.deleted" if item_type == BOM_LINE => {
            vec!["bom.changed"]
        }
        _ => SAME.into_iter().filter(|name| *name == topic).collect(),
    }
}

/// Whether a pattern covers an event: `item.released`, `item.*`, `*`.
pub fn matches(pattern: &str, event: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => event.starts_with(prefix),
        None => pattern == event,
    }
}

/// The patterns without repetitions; each must cover an event there is.
pub fn check_patterns(given: Vec<String>) -> Result<Vec<String>> {
    let mut patterns: Vec<String> = Vec::new();
    for (index, pattern) in given.into_iter().enumerate() {
        let form = pattern == "*" || !pattern.trim_end_matches(".*").contains('*');
        if !form || !EVENTS.iter().any(|event| event.name != TEST && matches(&pattern, event.name)) {
            let names: Vec<&str> = EVENTS.iter().map(|event| event.name).filter(|name| *name != TEST).collect();
            let message =
                format!("No event is called {pattern:?}. There are {}; item.* stands for several", names.join(", "));
            return Err(Error::invalid_field("enum", &["body", "events", &index.to_string()], message));
        }
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    if patterns.is_empty() {
        let message = "Name at least one event, such as item.released, or * for all";
        return Err(Error::invalid_field("missing", &["body", "events"], message));
    }
    Ok(patterns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_become_events() {
        for (topic, item_type, released, expected) in [
            ("item.created", "Part", false, &["item.created"][..]),
            ("item.updated", "Document", false, &["item.updated"]),
            ("item.deleted", "Part", false, &["item.deleted"]),
            ("item.revised", "Part", false, &["item.revised"]),
            ("item.promoted", "Part", false, &["item.promoted"]),
            ("item.promoted", "Part", true, &["item.promoted", "item.released"]),
            ("relationship.created", "Part BOM", false, &["bom.changed"]),
            ("relationship.updated", "Part BOM", false, &["bom.changed"]),
            ("relationship.deleted", "Part BOM", false, &["bom.changed"]),
            ("relationship.created", "Document Part", false, &[]),
            ("version.checked_out", "Version", false, &["version.checked_out"]),
            ("version.created", "Version", false, &[]),
            ("file.attached", "File", false, &["file.attached"]),
            ("file.preview_requested", "File", false, &[]),
            ("plugin.activated", "Plugin", false, &[]),
            ("webhook.created", "Webhook", false, &[]),
        ] {
            let events = events_of(topic, item_type, released);
            assert_eq!(events, expected, "{topic} {item_type}");
            assert!(events.is_empty() || concerns(topic), "{topic}");
            assert!(events.iter().all(|name| EVENTS.iter().any(|event| event.name == *name)));
        }
    }

    #[test]
    fn patterns_cover_names_and_families() {
        for (pattern, event, covered) in [
            ("item.released", "item.released", true),
            ("item.released", "item.promoted", false),
            ("item.*", "item.created", true),
            ("item.*", "bom.changed", false),
            ("*", "bom.changed", true),
        ] {
            assert_eq!(matches(pattern, event), covered, "{pattern} {event}");
        }
    }

    #[test]
    fn patterns_that_cover_nothing_are_refused_by_place() {
        let given = |patterns: &[&str]| check_patterns(patterns.iter().map(|text| (*text).to_owned()).collect());
        assert_eq!(given(&["item.*", "*", "item.*"]).unwrap(), ["item.*", "*"]);
        for bad in ["", "items.*", "item", "it*", "*.created", "item.*.*", "item.created.*", "ITEM.*", "webhook.test"] {
            let error = given(&["item.created", bad]).unwrap_err();
            assert_eq!(error.problems()[0].loc, ["body", "events", "1"], "{bad}");
        }
        assert_eq!(given(&[]).unwrap_err().problems()[0].rule, "missing");
    }
}
