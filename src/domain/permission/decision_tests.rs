//! The decision as a table: who × what × under which set.

use super::*;
use crate::types::TenantId;

fn user(id: UserId, roles: &[&str]) -> Actor {
    Actor::User {
        tenant: TenantId::new("acme").unwrap(),
        id,
        name: "someone".into(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        superuser: false,
    }
}

fn entry(identity: &str, grants: &[Action]) -> Entry {
    Entry {
        permission_id: "Set".into(),
        identity_id: identity.into(),
        create: grants.contains(&Action::Create),
        get: grants.contains(&Action::Get),
        update: grants.contains(&Action::Update),
        delete: grants.contains(&Action::Delete),
        discover: grants.contains(&Action::Discover),
    }
}

#[test]
fn an_entry_grants_to_whom_it_names_and_only_what_it_names() {
    use Action::{Delete, Get, Update};
    let subject = Subject { created_by: Some(7), owner: Some(8) };
    let entries = || {
        vec![
            entry("viewer", &[Get]),
            entry("engineer", &[Get, Update]),
            entry("42", &[Delete]),
            entry("Creator", &[Update]),
            entry("Owner", &[Delete]),
        ]
    };
    let table = [
        (user(1, &["viewer"]), Get, true),
        (user(1, &["viewer"]), Update, false),
        (user(1, &["engineer"]), Update, true),
        (user(1, &["engineer"]), Delete, false),
        (user(1, &[]), Get, false),
        (user(42, &[]), Delete, true),
        (user(42, &[]), Get, false),
        (user(7, &[]), Update, true),
        (user(8, &[]), Update, false),
        (user(8, &[]), Delete, true),
        (user(1, &["admin"]), Delete, true),
        (Actor::Anonymous { trusted: false }, Get, false),
        (Actor::Anonymous { trusted: true }, Delete, true),
        (Actor::System { name: "cli" }, Delete, true),
    ];
    for (actor, action, expected) in table {
        let rights = Rights::new(actor.clone(), Arc::new(Sets::new(Vec::new(), entries())));
        assert_eq!(rights.allow("Set", action, subject), expected, "{actor:?} {action:?}");
        assert_eq!(rights.allow("Other", action, subject), actor.is_administrator(), "an unknown set grants nothing");
    }
}

#[test]
fn the_world_includes_the_anonymous_and_a_creator_must_be_somebody() {
    let rights = Rights::new(
        Actor::Anonymous { trusted: false },
        Arc::new(Sets::new(
            Vec::new(),
            vec![entry("world", &[Action::Get, Action::Create]), entry("Creator", &[Action::Update])],
        )),
    );
    assert!(rights.allow("Set", Action::Get, Subject::default()));
    assert!(!rights.allow("Set", Action::Create, Subject::default()), "who is not logged in does not write");
    assert!(!rights.allow("Set", Action::Update, Subject::default()));
}

/// Role × action × state: a type, an item and its states with a set each, or none.
#[test]
fn the_set_of_the_state_goes_before_the_items_before_the_types_before_the_default() {
    use Action::{Create, Delete, Discover, Get, Update};
    const ALL: [Action; 5] = [Create, Get, Update, Delete, Discover];
    let within =
        |set: &str, identity: &str, grants: &[Action]| Entry { permission_id: set.into(), ..entry(identity, grants) };
    let sets = Arc::new(Sets::new(
        vec!["Empty".to_owned()],
        vec![
            within("Default", "world", &[Get, Discover]),
            within("Type", "viewer", &[Get, Discover]),
            within("Type", "engineer", &ALL),
            within("Own", "Creator", &[Get, Update]),
            within("Own", "Owner", &[Get, Update, Delete]),
            within("Own", "9", &[Discover]),
            within("Released", "viewer", &[Get]),
            within("Released", "engineer", &[Get, Discover]),
        ],
    ));
    let superuser = Actor::User {
        tenant: TenantId::new("acme").unwrap(),
        id: 99,
        name: "root".into(),
        roles: Vec::new(),
        superuser: true,
    };
    let who: [(&str, Actor); 10] = [
        ("viewer", user(1, &["viewer"])),
        ("engineer", user(2, &["engineer"])),
        ("creator", user(7, &[])),
        ("owner", user(8, &[])),
        ("nine", user(9, &[])),
        ("nobody", user(10, &[])),
        ("anonymous", Actor::Anonymous { trusted: false }),
        ("admin", user(3, &["viewer", "admin"])),
        ("superuser", superuser),
        ("trusted", Actor::Anonymous { trusted: true }),
    ];
    /// (state's set, item's, type's) and for each actor what is allowed: c g u d x (discover).
    type Row = ((Option<&'static str>, Option<&'static str>, Option<&'static str>), [&'static str; 10]);
    let table: [Row; 8] = [
        ((None, None, None), ["gx", "gx", "gx", "gx", "gx", "gx", "gx", "cgudx", "cgudx", "cgudx"]),
        ((None, None, Some("Type")), ["gx", "cgudx", "", "", "", "", "", "cgudx", "cgudx", "cgudx"]),
        ((None, Some("Own"), Some("Type")), ["", "", "gu", "gud", "x", "", "", "cgudx", "cgudx", "cgudx"]),
        ((None, Some("Own"), None), ["", "", "gu", "gud", "x", "", "", "cgudx", "cgudx", "cgudx"]),
        ((Some("Released"), Some("Own"), Some("Type")), ["g", "gx", "", "", "", "", "", "cgudx", "cgudx", "cgudx"]),
        ((Some("Released"), None, None), ["g", "gx", "", "", "", "", "", "cgudx", "cgudx", "cgudx"]),
        ((None, Some("Empty"), Some("Type")), ["", "", "", "", "", "", "", "cgudx", "cgudx", "cgudx"]),
        ((Some("Gone"), Some("Own"), Some("Type")), ["", "", "", "", "", "", "", "cgudx", "cgudx", "cgudx"]),
    ];
    let subject = Subject { created_by: Some(7), owner: Some(8) };
    for ((state, own, kind), expected) in table {
        let set = governing(state, own, kind);
        for ((name, actor), expected) in who.iter().zip(expected) {
            let rights = Rights::new(actor.clone(), sets.clone());
            let allowed: String = [(Create, 'c'), (Get, 'g'), (Update, 'u'), (Delete, 'd'), (Discover, 'x')]
                .into_iter()
                .filter_map(|(action, letter)| rights.allow(set, action, subject).then_some(letter))
                .collect();
            assert_eq!(allowed, expected, "{name} under {set}, from {state:?} {own:?} {kind:?}");
        }
    }
}
