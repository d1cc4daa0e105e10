//! Mapping by hand, by position and by guess, and what a refusal says.

use super::*;

fn header(text: &str) -> Vec<String> {
    text.split('|').map(str::to_owned).collect()
}

fn found(map: &str, columns: &str) -> Result<Vec<(String, usize)>> {
    let columns = ColumnMap::parse(map)?.resolve(&header(columns))?;
    Ok(columns.iter().map(|(field, column)| (field.to_string(), column + 1)).collect())
}

fn refusal(map: &str, columns: &str) -> String {
    found(map, columns).unwrap_err().message().to_owned()
}

fn pairs(list: &[(&str, usize)]) -> Vec<(String, usize)> {
    list.iter().map(|(field, column)| ((*field).to_owned(), *column)).collect()
}

#[test]
fn columns_are_mapped_by_header_or_position() {
    let map = "number=part id, quantity=#3, property.vendor=Price\\, a\\=b, property.cost=#2";
    let expected = [("number", 1), ("quantity", 3), ("cost", 2), ("property.vendor", 4)];
    assert_eq!(found(map, "Part ID|x|y|Price, a=b").unwrap(), pairs(&expected));
    assert_eq!(found("name=\\#1,quantity=a\\b", "a\\b|#1").unwrap(), pairs(&[("name", 2), ("quantity", 1)]));
}

#[test]
fn a_header_that_occurs_twice_needs_a_position() {
    let reason = refusal("description=Link,number=PN,quantity=Qty", "PN|Link|Qty|Link");
    assert!(reason.contains("write description=#2 or #4"), "{reason}");
    assert!(found("description=#4,number=PN,quantity=Qty", "PN|Link|Qty|Link").is_ok());
    assert_eq!(found("number=pn,quantity=Qty", "PN|pn|Qty").unwrap()[0].1, 2);
}

#[test]
fn unknown_fields_and_columns_are_refused_with_the_list() {
    let fields = "the fields are number, name, quantity, uom, find_num, refdes, cost, weight, description, revision, level, \
                  parent, property.NAME, line.NAME";
    assert!(refusal("colour=x", "a").ends_with(fields));
    assert!(refusal("property.=x", "a").ends_with(fields));
    assert!(refusal("number=Nr", "PN|Qty").ends_with("the columns are #1 \"PN\", #2 \"Qty\""));
    assert!(refusal("number=#3", "PN|Qty").contains("no column #3"));
    assert!(refusal("number=#0", "PN|Qty").contains("the first column is #1"));
    assert!(refusal("number", "PN|Qty").contains("FIELD=COLUMN"));
    assert!(refusal("number=a,property.item_number=b", "a|b").contains("mapped twice"));
}

#[test]
fn headers_are_guessed_where_only_one_fits() {
    let columns = ColumnMap::guess(&header("料号|名称|数量|单价|Link")).unwrap();
    assert_eq!(columns.used().len(), 4);
    assert!(columns.used().iter().all(|column| column.guessed));
    let reason = ColumnMap::guess(&header("PN|MPN|Qty")).unwrap_err().message().to_owned();
    assert!(reason.contains("can hold the number: PN (#1), MPN (#2)"), "{reason}");
}

#[test]
fn a_partial_map_is_completed_and_doubt_leaves_a_field_out() {
    let expected = [("number", 2), ("quantity", 3)];
    assert_eq!(found("number=MPN", "PN|MPN|Qty|Cost|Price").unwrap(), pairs(&expected));
    assert!(refusal("cost=Cost", "PN|Qty|Menge|Cost").contains("can hold the quantity"));
    assert!(refusal("cost=Cost", "PN|MPN|Qty|Cost").contains("can hold the number"));
}

#[test]
fn an_empty_place_leaves_the_field_out() {
    assert_eq!(found("weight=", "PN|Qty|Weight").unwrap(), pairs(&[("number", 1), ("quantity", 2)]));
}

#[test]
fn number_or_name_and_quantity_are_needed() {
    assert!(refusal("", "Link|Qty").contains("a number or a name"));
    assert!(refusal("", "PN|Link").contains("the quantity"));
    assert!(found("", "Name|Qty").is_ok());
}
