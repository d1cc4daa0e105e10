//! What hangs below what, by each kind of structure, and what is said where it cannot be.

use crate::domain::bom::import::{ParsedSheet, SheetOptions, Structure, parse_sheet};

fn parse(text: &str, structure: Structure, root: Option<&str>) -> ParsedSheet {
    let options = SheetOptions { structure, root: root.map(str::to_owned), ..SheetOptions::default() };
    parse_sheet(text.as_bytes(), &options).unwrap()
}

fn read(text: &str, root: Option<&str>) -> ParsedSheet {
    parse(text, Structure::Auto, root)
}

/// `row<parent row` with the level, of every line.
fn places(sheet: &ParsedSheet) -> Vec<String> {
    let place = |parent: Option<usize>| parent.map_or_else(String::new, |row| row.to_string());
    sheet.lines.iter().map(|line| format!("{}<{} {}", line.row, place(line.parent_row), line.level)).collect()
}

fn problems(sheet: &ParsedSheet) -> Vec<String> {
    sheet.problems.iter().map(|problem| format!("{}: {}", problem.row, problem.reason)).collect()
}

#[test]
fn levels_begin_where_the_first_row_stands() {
    let zero = "Level,PN,Qty\n0,A,1\n1,B,2\n2,C,1\n1,D,1\n0,E,1\n";
    let one =
        zero.replace("\n0,", "\n1,").replace("\n2,", "\n3,").replacen("\n1,B", "\n2,B", 1).replace("\n1,D", "\n2,D");
    for text in [zero, &one, &one.replace("\n3,", "\n...3,").replace("\n2,", "\n..2,")] {
        let sheet = read(text, Some("ROOT"));
        assert_eq!(places(&sheet), ["2< 1", "3<2 2", "4<3 3", "5<2 2", "6< 1"], "{text}");
        assert_eq!(sheet.structure, Structure::Level);
    }
}

#[test]
fn the_first_row_may_be_the_part_that_the_sheet_is_imported_into() {
    let text = "Level,PN,Name,Qty\n0,A,Top,\n1,B,,2\n2,C,,1\n1,D,,1\n";
    for root in [None, Some("A")] {
        let sheet = read(text, root);
        assert_eq!(places(&sheet), ["3< 1", "4<3 2", "5< 1"]);
        assert_eq!(sheet.root.unwrap().name.as_deref(), Some("Top"));
    }
    let beside = read("Level,PN,Qty\n0,A,1\n0,B,1\n", None);
    assert!(problems(&beside)[0].starts_with("3: Stands beside row 2"), "{:?}", problems(&beside));
}

#[test]
fn a_jump_names_the_deepest_level_there_can_be() {
    let sheet = read("Level,PN,Qty\n1,A,1\n3,B,1\n4,C,1\n1,D,1\n", Some("ROOT"));
    assert_eq!(
        problems(&sheet),
        ["3: The level jumps from 1 to 3; below the row above, 2 is the deepest there can be"]
    );
    assert_eq!(places(&sheet), ["2< 1", "4<3 4", "5< 1"], "what follows is told by its own faults");
    let above = read("Level,PN,Qty\n1,A,1\n0,B,1\n,C,1\nx,D,1\n", Some("ROOT"));
    assert_eq!(
        problems(&above),
        [
            "3: Level 0 is above that of the first row, 1",
            "4: The level is missing",
            "5: \"x\" is no level; 0, 1, 2 … are"
        ]
    );
}

#[test]
fn item_numbers_hang_below_those_they_begin_with() {
    let sheet = read("Outline,PN,Qty\n1.0,A,1\n1.1,B,1\n1.1.1,C,1\n2,D,1\n1.2,E,1\n", Some("ROOT"));
    assert_eq!(places(&sheet), ["2< 1", "3<2 2", "4<3 3", "5< 1", "6<2 2"]);
    let broken = read("Outline,PN,Qty\n1,A,1\n1.2.1,B,1\n1.,C,1\n1.x,D,1\n", Some("ROOT"));
    assert_eq!(
        problems(&broken),
        [
            "3: No row above has the item number 1.2",
            "4: Row 2 has the same item number",
            "5: \"1.x\" is no item number such as 1.2.3"
        ]
    );
}

#[test]
fn parents_may_stand_anywhere() {
    let sheet = read("Parent,PN,Qty\nB,C,1\n,B,1\nROOT,D,1\nD,B,2\n", Some("ROOT"));
    assert_eq!(places(&sheet), ["2<3 2", "3< 1", "4< 1", "5<4 2"]);
    assert_eq!(sheet.structure, Structure::Parent);
    let own = read("Parent,PN,Name,Qty\n,A,Top,1\nA,B,,1\n", None);
    assert_eq!((places(&own), own.root.unwrap().row), (vec!["3< 1".to_owned()], 2));
    let lost = read("Parent,PN,Name,Qty\nX,A,,1\nOTS,B,,1\n,OTS,Nut,1\n,OTS,Bolt,1\n", Some("ROOT"));
    assert_eq!(
        problems(&lost)[..2],
        [
            "2: Is the number of no row of the sheet",
            "3: Stands for several names in this sheet, so it is no part that others hang below"
        ]
    );
}

#[test]
fn blanks_tell_the_structure_when_they_are_asked_or_announced() {
    let text = "PN,Name,Qty\nA,a,1\n  B,b,1\n\tC,c,1\n  D,d,1\nE,e,1\n";
    let sheet = parse(text, Structure::Indented, Some("ROOT"));
    assert_eq!(places(&sheet), ["2< 1", "3<2 2", "4<3 3", "5<2 2", "6< 1"]);
    assert_eq!(read(text, Some("ROOT")).structure, Structure::Flat, "stray blanks are none");
    assert_eq!(read(&text.replace("PN", "PN (indented)"), Some("ROOT")).structure, Structure::Indented);
    let names = parse("PN,Name,Qty\nA,a,1\nB,  b,1\n", Structure::Indented, Some("ROOT"));
    assert_eq!(places(&names), ["2< 1", "3<2 2"]);
    let odd = parse("PN,Qty\n  A,1\n    B,1\n   C,1\nD,1\n", Structure::Indented, Some("ROOT"));
    assert_eq!(problems(&odd).len(), 2, "{:?}", problems(&odd));
}

#[test]
fn a_structure_that_is_not_there_is_refused() {
    let options = SheetOptions { structure: Structure::Level, ..SheetOptions::default() };
    let error = parse_sheet(b"PN,Qty\nA,1\n", &options).unwrap_err();
    assert_eq!(error.problems()[0].loc, ["body", "structure"]);
}

#[test]
fn the_same_part_below_different_parts_is_no_duplicate() {
    let sheet = read("Level,PN,Qty\n1,A,1\n2,C,1\n1,B,1\n2,C,1\n2,C,1\n", Some("ROOT"));
    assert_eq!(problems(&sheet).len(), 1);
    assert!(problems(&sheet)[0].starts_with("6: Lists \"C\" again, as row 5 does"), "{:?}", problems(&sheet));
}
