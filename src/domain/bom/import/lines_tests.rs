//! Whole sheets: what becomes a line, what is skipped, what is a problem.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::bom::import::{ColumnMap, Delimiter, Duplicates};

fn parse_with(text: &str, options: SheetOptions) -> ParsedSheet {
    parse_sheet(text.as_bytes(), &options).unwrap()
}

fn parse(text: &str) -> ParsedSheet {
    parse_with(text, SheetOptions::default())
}

fn mapped(map: &str) -> SheetOptions {
    SheetOptions { columns: ColumnMap::parse(map).unwrap(), ..SheetOptions::default() }
}

fn skipped(sheet: &ParsedSheet) -> Vec<(usize, SkipReason)> {
    sheet.skipped.iter().map(|row| (row.row, row.reason)).collect()
}

fn problems(sheet: &ParsedSheet) -> Vec<(usize, &str)> {
    sheet.problems.iter().map(|problem| (problem.row, problem.column.as_deref().unwrap_or_default())).collect()
}

#[test]
fn a_messy_sheet_yields_its_lines_and_says_what_it_skipped() {
    let text = "Part Number,Part Name,Link,Shop,Link,Quantity,Cost/Unit,Total\r\n\
                A-1,\" Base\nplate\",x,,y,1,$45.00,$45.00\r\n\
                OTS,Nut,,,,38,$0.02,$0.76\r\n\
                ,,,,,,,\r\n\
                OTS,Bolt,,,,2.5,,\r\n\
                Part Number,Part Name,Link,Shop,Link,Quantity,Cost/Unit,Total\r\n\
                ,,,,,,Total:,$45.76\r\n\
                \"All parts of one pump, without cables.\",,,,,,,\r\n";
    let sheet = parse(text);
    assert!(sheet.problems.is_empty(), "{:?}", sheet.problems);
    assert_eq!(sheet.lines.len(), 3);
    let base = &sheet.lines[0];
    assert_eq!((base.row, base.number.as_deref(), base.name.as_deref()), (2, Some("A-1"), Some("Base plate")));
    assert_eq!(base.properties["cost"], json!(45));
    assert_eq!(sheet.lines[1].properties["cost"], json!(0.02));
    assert_eq!((sheet.lines[2].row, sheet.lines[2].quantity.to_string()), (5, "2.5".to_owned()));
    assert!(sheet.lines[2].properties.is_empty());
    let expected = [(6, SkipReason::RepeatedHeader), (7, SkipReason::Totals), (8, SkipReason::Note)];
    assert_eq!(skipped(&sheet), expected);
    assert_eq!(sheet.skipped[1].text, "Total: | $45.76");
    assert_eq!(sheet.placeholders[0].names, ["Nut", "Bolt"]);
}

#[test]
fn every_field_is_read() {
    let text = "PN;Name;Menge;Einheit;Pos;RefDes;Preis;Gewicht;Beschreibung;Rev;Farbe\n\
                a;b;2;stk;010;R1, R2;0,92;1,5;long  text;B;red\n";
    let sheet = parse_with(text, mapped("property.colour=Farbe"));
    let line = &sheet.lines[0];
    assert_eq!((line.uom.as_deref(), line.find_num.as_deref()), (Some("STK"), Some("010")));
    assert_eq!(line.refdes.as_deref(), Some("R1, R2"));
    let properties = json!({"cost": 0.92, "weight": 1.5, "description": "long text", "revision": "B", "colour": "red"});
    assert_eq!(json!(line.properties), properties);
    assert_eq!(json!(line)["quantity"], json!("2"));
}

#[test]
fn a_part_without_a_good_quantity_is_a_problem() {
    for bad in ["", "0", "-1", "two", "5%", "=A1*2", "$5", "0.12345678901", "\"1,234\""] {
        let sheet = parse(&format!("PN,Name,Qty\nA-1,plate,{bad}\n"));
        assert_eq!(problems(&sheet), [(2, "Qty")], "{bad}");
        assert!(sheet.lines.is_empty() && sheet.skipped.is_empty(), "{bad}");
    }
    assert_eq!(parse("PN,Qty\nA-1,\n").problems.len(), 1);
    assert_eq!(parse("PN,Name,Qty\n,Hex nut M5 with a flange,\n").problems.len(), 1);
    assert_eq!(parse("Name,Qty\nHex nut M5,\n").problems.len(), 1);
}

#[test]
fn a_problem_names_row_column_value_and_reason() {
    let sheet = parse("PN,Qty,Cost\n\nA,1,-5\n");
    let problem = &sheet.problems[0];
    assert_eq!(problem.to_string(), "row 3, column \"Cost\": The cost is negative: \"-5\"");
    assert_eq!(problem.value, "-5");
}

#[test]
fn rows_that_are_no_parts_are_skipped_with_a_reason() {
    let cases = [
        ("Total,,5", SkipReason::Totals),
        (",Grand total:,5", SkipReason::Totals),
        (",,合计：12", SkipReason::Totals),
        (",,485", SkipReason::Unnamed),
        ("Prices without tax,,", SkipReason::Note),
        ("本表包含全部机械零件不包括线束电路板电源等,,", SkipReason::Note),
        ("pn,NAME,qty", SkipReason::RepeatedHeader),
    ];
    for (row, reason) in cases {
        let sheet = parse(&format!("PN,Name,Qty\n{row}\n"));
        assert_eq!(skipped(&sheet), [(2, reason)], "{row}");
        assert!(sheet.problems.is_empty(), "{row}");
    }
    assert_eq!(skipped(&parse("PN,Name,Qty,x\n,,,see drawing\n")), [(2, SkipReason::Note)]);
}

#[test]
fn a_described_quantity_without_number_and_name_is_a_problem() {
    let sheet = parse("PN,Qty,RefDes\n,2,\"R1,R2\"\n");
    assert_eq!(problems(&sheet), [(2, "")]);
}

#[test]
fn texts_are_held_to_their_limits() {
    let long = "x".repeat(33);
    let sheet = parse(&format!("PN,Name,Qty,Rev\n{long},a,1,\nB,{0}{0}{0}{0},1,\nC,b\u{7},1,\n=D1,d,1,\n", long));
    assert_eq!(problems(&sheet), [(2, "PN"), (3, "Name"), (4, "Name"), (5, "PN")]);
    let mut options = SheetOptions::default();
    options.limits.properties.insert("revision".to_owned(), 1);
    assert_eq!(problems(&parse_with("PN,Qty,Rev\nA,1,AB\n", options)), [(2, "Rev")]);
}

#[test]
fn a_cell_beyond_the_header_is_a_problem() {
    let sheet = parse("PN,Qty\nA,1,5\nB,2,,\nC,3\nD\n");
    assert_eq!(problems(&sheet), [(2, ""), (5, "Qty")]);
    assert_eq!(sheet.lines.len(), 2);
}

#[test]
fn a_sheet_with_decimal_commas_makes_points_doubtful() {
    let text = "PN;Qty;Cost\nA;1;1.234\nB;1;0,92\nC;1;1.50\n";
    assert_eq!(problems(&parse(text)), [(2, "Cost")]);
    let options = SheetOptions { decimal: DecimalStyle::Comma, ..SheetOptions::default() };
    let sheet = parse_with("PN;Qty;Cost\nA;1;1.234\nB;1;0,92\n", options);
    assert_eq!(sheet.lines[0].properties["cost"], json!(1234));
    assert_eq!(parse("PN;Qty;Cost\nA;1;1.234\n").lines[0].properties["cost"], json!(1.234));
}

#[test]
fn two_currencies_in_one_sheet_are_a_problem() {
    let sheet = parse("PN,Qty,Cost\nA,1,$5\nB,1,5 USD\nC,1,5\nD,1,€5\n");
    assert_eq!(problems(&sheet), [(5, "Cost")]);
    assert!(sheet.problems[0].reason.contains("row 2 is in $"));
}

#[test]
fn a_part_listed_twice_is_refused_with_the_earlier_row() {
    let sheet = parse("PN,Name,Qty,UoM\nA,x,1,\nB,y,1,m\nA,x,2,ea\nB,y,1,EA\nA,,1,\n");
    assert_eq!(problems(&sheet), [(4, ""), (6, "")]);
    assert!(sheet.problems[0].reason.contains("row 2") && sheet.problems[0].reason.contains("duplicates=sum"));
    assert_eq!(sheet.lines.len(), 3);
}

#[test]
fn duplicates_can_be_summed_unless_they_contradict() {
    let options = SheetOptions { duplicates: Duplicates::Sum, ..SheetOptions::default() };
    let text = "PN,Name,Qty,RefDes,Cost\nA,x,0.1,R1,\nA,x,0.2,R2,5\nA,x,1,,6\n,loose,1,,\n,loose,1,,\n";
    let sheet = parse_with(text, options);
    assert_eq!(sheet.lines[0].quantity.to_string(), "0.3");
    assert_eq!(sheet.lines[0].refdes.as_deref(), Some("R1, R2"));
    assert_eq!((sheet.lines[0].row, sheet.lines[0].summed_rows.as_slice()), (2, [3].as_slice()));
    assert_eq!(sheet.lines[1].quantity.to_string(), "2");
    assert_eq!(problems(&sheet), [(4, "")]);
    assert!(sheet.problems[0].reason.contains("another cost"));
}

#[test]
fn a_missing_number_is_drawn_later_or_refused() {
    assert_eq!(parse("PN,Name,Qty\n,x,1\n").lines[0].number, None);
    let options = SheetOptions { missing_numbers: MissingNumbers::Refuse, ..SheetOptions::default() };
    assert_eq!(problems(&parse_with("PN,Name,Qty\n,x,1\n", options)), [(2, "PN")]);
}

#[test]
fn problems_are_counted_beyond_the_listed_ones() {
    let sheet = parse(&("PN,Qty\n".to_owned() + &"A,0\n".repeat(1_005)));
    assert_eq!((sheet.problems.len(), sheet.unlisted_problems), (1_000, 5));
}

#[test]
fn rows_above_a_stated_header_are_skipped() {
    let options = SheetOptions { header_row: Some(2), ..SheetOptions::default() };
    let sheet = parse_with("Pump assembly,,\nPN,Qty\nA,1\n", options);
    assert_eq!(skipped(&sheet), [(1, SkipReason::AboveHeader)]);
    assert_eq!(sheet.lines.len(), 1);
}

/// Every row is a line, skipped, summed or a problem.
fn accounted(sheet: &ParsedSheet) -> std::collections::BTreeSet<usize> {
    let lines = sheet.lines.iter().flat_map(|line| line.summed_rows.iter().copied().chain([line.row]));
    lines.chain(sheet.skipped.iter().map(|row| row.row)).chain(sheet.problems.iter().map(|row| row.row)).collect()
}

fn written(rows: &[(String, u32, u32)], delimiter: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    writer.write_record(["Part Number", "Part Name", "Quantity", "Unit Cost"]).unwrap();
    for (at, (name, quantity, cents)) in rows.iter().enumerate() {
        let cost = format!("${}.{:02}", cents / 100, cents % 100);
        writer.write_record([format!("P-{at}"), name.clone(), quantity.to_string(), cost]).unwrap();
    }
    writer.into_inner().unwrap()
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse_sheet(&bytes, &SheetOptions::default());
    }

    #[test]
    fn no_row_is_lost(body in "([A-C=\\-\"]{0,2}[,;\n][a-z \"\r]{0,3}[,\n][0-9.,$€%E\u{ff11}-]{0,5}[,\n]){0,12}") {
        let options = SheetOptions { delimiter: Some(Delimiter::Comma), duplicates: Duplicates::Sum, ..SheetOptions::default() };
        let bytes = format!("PN,Name,Qty,Cost\n{body}");
        if let Ok(sheet) = parse_sheet(bytes.as_bytes(), &options) {
            let rows = sheet::read(bytes.as_bytes(), &options).unwrap().rows;
            prop_assert_eq!(accounted(&sheet), rows.iter().map(|row| row.row).collect());
        }
    }

    #[test]
    fn a_well_formed_sheet_reads_back_equal(
        rows in proptest::collection::vec(("[a-zA-Zäß零][a-z,;\"\t零0-9]{0,12}x", 1u32..100_000, 0u32..10_000_000), 1..30),
        delimiter in prop_oneof![Just(b','), Just(b';'), Just(b'\t')],
    ) {
        let sheet = parse_sheet(&written(&rows, delimiter), &SheetOptions::default()).unwrap();
        prop_assert!(sheet.problems.is_empty(), "{:?}", sheet.problems);
        prop_assert_eq!(sheet.lines.len(), rows.len());
        for (at, (line, (name, quantity, cents))) in sheet.lines.iter().zip(&rows).enumerate() {
            prop_assert_eq!(line.row, at + 2);
            prop_assert_eq!(line.number.clone(), Some(format!("P-{at}")));
            prop_assert_eq!(line.name.clone(), Some(name.replace('\t', " ").split_whitespace().collect::<Vec<_>>().join(" ")));
            prop_assert_eq!(line.quantity.decimal(), Decimal::from(*quantity));
            let cost = line.properties["cost"].as_f64().unwrap();
            prop_assert_eq!((cost * 100.0).round() as u32, *cents);
        }
    }
}
