//! What holds of every comparison, over structures made up.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use chrono::DateTime;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::*;
use crate::domain::meta::Item;
use crate::domain::version::{Structure, StructureLine};

/// A line made up: parent, child (a later item), unit, quantity, find number, designators.
type Made = (usize, usize, u8, u8, u8, u8);

const ITEMS: usize = 7;

fn item(id: u128, properties: Value) -> Item {
    let Value::Object(properties) = properties else { panic!("an object") };
    Item {
        id: Uuid::from_u128(id),
        item_type: "Part".to_owned(),
        config_id: Uuid::from_u128(id),
        generation: 1,
        is_current: true,
        state: "Draft".to_owned(),
        current_state: None,
        current_version_id: None,
        unique_key: None,
        source_id: None,
        related_id: None,
        properties,
        permission_id: None,
        owner_id: None,
        created_by_id: None,
        created_on: DateTime::UNIX_EPOCH,
        modified_by_id: None,
        modified_on: None,
        change_count: 0,
    }
}

fn part(at: usize) -> (Uuid, Item) {
    let made = item(at as u128 + 1, json!({"item_number": format!("P{at}"), "name": format!("Part {at}")}));
    (made.id, made)
}

fn contents(root: usize, structure: Structure) -> Contents {
    Contents {
        structure,
        root: part(root).1,
        numbers: HashMap::from([("Part".to_owned(), "item_number".to_owned())]),
        effectivities: HashMap::new(),
        substitutes: HashMap::new(),
        files: HashMap::new(),
    }
}

/// One line for a parent, child and unit, as the product keeps it.
fn side(root: usize, lines: &[Made]) -> Contents {
    let nodes: HashMap<Uuid, Item> = (0..ITEMS).map(part).collect();
    let mut by_key: BTreeMap<(usize, usize, u8), Map<String, Value>> = BTreeMap::new();
    for (parent, step, unit, quantity, find, designator) in lines {
        let child = parent + 1 + step % (ITEMS - parent).max(1);
        if child >= ITEMS {
            continue;
        }
        let unit_name = ["EA", "kg"][usize::from(*unit)];
        let values = json!({
            "quantity": f64::from(*quantity) / 10.0, "uom": unit_name,
            "find_num": format!("{find}0"), "refdes": format!("R{designator}-R{}", designator + 2),
        });
        by_key.insert((*parent, child, *unit), values.as_object().unwrap().clone());
    }
    let mut structure = Structure { root: part(root).0, nodes, lines: HashMap::new() };
    for ((parent, child, unit), values) in by_key {
        let id = 1000 + (parent * 100 + child * 10 + usize::from(unit)) as u128 * 1000;
        let line = Item { item_type: "Part BOM".to_owned(), ..item(id, Value::Object(values)) };
        let to = part(child).0;
        structure.lines.entry(part(parent).0).or_default().push(StructureLine { line, to, effectivities: None });
    }
    contents(root, structure)
}

fn options(line_key: &str, mode: Option<&str>) -> Options {
    let (line_key, mode) = (line_key.to_owned(), mode.map(str::to_owned));
    CompareQuery { line_key, mode, max_levels: -1, ..CompareQuery::default() }.options().unwrap()
}

fn with<T>(sides: &[&Contents], options: &Options, look: impl FnOnce(Aligned<'_>) -> T) -> T {
    let walks = sides.iter().map(|side| Walk::of(side, options.reach())).collect();
    look(align(walks, options).unwrap())
}

/// A line as it is compared, with its ends; how often it is there.
type Bag = BTreeMap<String, i64>;

fn line(walk: &Walk<'_>, parent: usize, child: usize, values: &Normalized) -> String {
    let id = |part: usize| if part == 0 { "ROOT".to_owned() } else { walk.parts[part].item.config_id.to_string() };
    format!("{} {} {values:?}", id(parent), id(child))
}

fn bag(side: &Contents, options: &Options) -> Bag {
    let walk = Walk::of(side, options.reach());
    let mut bag = Bag::new();
    for edge in &walk.edges {
        let values = LineValues::of(edge).normalized();
        *bag.entry(line(&walk, edge.parent, edge.child, &values)).or_default() += 1;
    }
    bag
}

/// The left side with the differences made to it.
fn apply(left: &Contents, comparison: &Comparison<'_>, options: &Options) -> Bag {
    let mut bag = bag(left, options);
    for difference in comparison.differences() {
        let Difference { kind, cell, walk, after, .. } = difference;
        let shown = line(walk, cell.parent, cell.child, &cell.normalized);
        *bag.entry(shown).or_default() += if kind == Kind::Added { 1 } else { -1 };
        if let Some(after) = after {
            let right = &comparison.0.walks[1];
            *bag.entry(line(right, after.parent, after.child, &after.normalized)).or_default() += 1;
        }
    }
    bag.retain(|_, many| *many != 0);
    bag
}

/// What differs, as seen from one side.
fn seen(comparison: &Comparison<'_>, mirrored: bool) -> Vec<String> {
    let mut seen: Vec<String> = comparison
        .0
        .rows
        .iter()
        .map(|row| {
            let cell = |side: usize| {
                let cell = row.cells[side].as_ref();
                cell.map(|cell| line(&comparison.0.walks[side], cell.parent, cell.child, &cell.normalized))
            };
            let (one, other) = if mirrored { (cell(1), cell(0)) } else { (cell(0), cell(1)) };
            format!("{one:?} {other:?} {:?}", row.fields)
        })
        .collect();
    seen.sort();
    seen
}

fn lines() -> impl Strategy<Value = Vec<Made>> {
    let one = (0..ITEMS, 0..ITEMS, 0u8..2, 1u8..4, 1u8..3, 1u8..3);
    proptest::collection::vec(one, 0..14)
}

proptest! {
    #[test]
    fn the_differences_made_to_the_left_give_the_right(a in lines(), b in lines(), other_root in any::<bool>()) {
        let (left, right) = (side(0, &a), side(usize::from(other_root), &b));
        for key in LineKey::ALL {
            let options = options(key.name(), None);
            let made = with(&[&left, &right], &options, |aligned| apply(&left, &Comparison(aligned), &options));
            prop_assert_eq!(made, bag(&right, &options), "{}", key.name());
        }
    }

    #[test]
    fn nothing_differs_from_itself(a in lines()) {
        let side = side(0, &a);
        for mode in CompareMode::ALL.into_iter().map(Some).chain([None]) {
            let options = options("child_config", mode.map(CompareMode::name));
            let (rows, equal, lines) = with(&[&side, &side, &side], &options, |all| (all.rows.len(), all.equal, all.lines));
            prop_assert_eq!(rows, 0);
            prop_assert_eq!(vec![equal; 3], lines);
        }
    }

    #[test]
    fn the_mirrored_comparison_is_the_comparison_mirrored(a in lines(), b in lines()) {
        let (left, right) = (side(0, &a), side(0, &b));
        let modes = CompareMode::ALL.map(|mode| options("child_config", Some(mode.name())));
        for options in modes.into_iter().chain(LineKey::ALL.map(|key| options(key.name(), None))) {
            let there = with(&[&left, &right], &options, |aligned| seen(&Comparison(aligned), false));
            let back = with(&[&right, &left], &options, |aligned| seen(&Comparison(aligned), true));
            prop_assert_eq!(there, back);
        }
    }

    #[test]
    fn two_of_many_are_compared_as_two(a in lines(), b in lines()) {
        let (one, two) = (side(0, &a), side(0, &b));
        let options = options("child_config_uom", None);
        let pair = with(&[&one, &two], &options, |aligned| {
            let comparison = Comparison(aligned);
            let of = |kind| comparison.of_kind(kind).map(|found| found.row.key.clone()).collect::<Vec<_>>();
            [of(Kind::Added), of(Kind::Removed), of(Kind::Changed)].map(|mut keys| { keys.sort(); keys })
        });
        with(&[&one, &two, &one], &options, |aligned| {
            let keys = |wanted: fn(&Row<'_>) -> bool| {
                let mut keys: Vec<String> =
                    aligned.rows.iter().filter(|row| wanted(row)).map(|row| row.key.clone()).collect();
                keys.sort();
                keys
            };
            let added = keys(|row| row.cells[0].is_none());
            let removed = keys(|row| row.cells[1].is_none());
            let changed = keys(|row| row.differs_between(0, 1));
            assert_eq!([added, removed, changed], pair);
            assert!(aligned.rows.iter().all(|row| !row.differs_between(0, 2)));
            assert!(aligned.rows.iter().all(|row| row.cells[0].is_some() == row.cells[2].is_some()));
        });
    }
}

#[test]
fn lines_are_summed_by_child_and_unit() {
    // Two lines of one child, in one unit, as only a kept structure may have them.
    let one = side(0, &[(0, 0, 0, 10, 1, 1)]);
    let mut two = side(0, &[(0, 0, 0, 4, 1, 1)]);
    let lines = two.structure.lines.values_mut().next().unwrap();
    let mut more = lines[0].clone();
    more.line.id = Uuid::from_u128(77);
    more.line.properties.insert("quantity".to_owned(), json!(0.6));
    lines.push(more);
    let summarized = options("child_config", Some("summary"));
    with(&[&one, &two], &summarized, |aligned| assert_eq!((aligned.rows.len(), aligned.equal), (0, 1)));
    with(&[&one, &two], &options("child_config", Some("only")), |aligned| assert_eq!(aligned.rows.len(), 0));
    with(&[&one, &two], &options("child_config", None), |aligned| {
        let comparison = Comparison(aligned);
        assert_eq!(comparison.of_kind(Kind::Changed).count(), 1);
        let added: Vec<String> = comparison.of_kind(Kind::Added).map(|found| found.row.key.clone()).collect();
        assert!(added.len() == 1 && added[0].ends_with("#2"), "{added:?}");
    });
}

#[test]
fn versions_of_one_item_are_told_apart() {
    let (old, new) = (Uuid::from_u128(901), Uuid::from_u128(902));
    // The root has item 1 and item 2 above item 3, which is there in two versions.
    let built = |first: Uuid, second: Uuid| {
        let mut side = side(0, &[(0, 0, 0, 10, 1, 1), (0, 1, 0, 10, 2, 1), (1, 1, 0, 10, 1, 1), (2, 0, 0, 10, 1, 1)]);
        let third = part(3).1;
        for (version, name) in [(old, "old"), (new, "new")] {
            let mut third = third.clone();
            third.current_version_id = Some(version);
            third.properties.insert("name".to_owned(), json!(name));
            side.structure.nodes.insert(version, third);
        }
        for (parent, to) in [(1, first), (2, second)] {
            side.structure.lines.get_mut(&part(parent).0).unwrap()[0].to = to;
        }
        side
    };
    let (left, right) = (built(old, new), built(new, old));
    let plain = options("child_config", None);
    with(&[&left, &left], &plain, |aligned| assert_eq!(aligned.rows.len(), 0));
    with(&[&left, &right], &plain, |aligned| {
        let comparison = Comparison(aligned);
        let changes: Vec<Change> = comparison.differences().flat_map(|found| found.changes).collect();
        assert_eq!(changes.len(), 2);
        assert!(changes.iter().all(|change| change.field == Compared::ChildVersion && change.left != change.right));
    });
}

#[test]
fn large_structures_are_compared_quickly() {
    let large = |changed: usize| {
        let mut structure = Structure { root: Uuid::from_u128(1), ..Structure::default() };
        let (root_key, root) = part(0);
        structure.nodes.insert(root_key, root);
        for at in 1..=111_110_usize {
            let (key, child) = part(at);
            structure.nodes.insert(key, child);
            let quantity = if at % changed == 0 { 2 } else { 1 };
            let values = json!({"quantity": quantity, "uom": "EA", "find_num": format!("{}0", at % 10)});
            let line = item(1_000_000 + at as u128, values);
            let parent = part((at - 1) / 10).0;
            let line = StructureLine { line, to: key, effectivities: None };
            structure.lines.entry(parent).or_default().push(line);
        }
        contents(0, structure)
    };
    let (left, right) = (large(usize::MAX), large(1000));
    let began = Instant::now();
    let found = with(&[&left, &right], &options("child_config", None), |aligned| (aligned.rows.len(), aligned.equal));
    assert_eq!(found, (111, 110_999));
    // Without optimisation, beside other tests.
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}
