//! Headers that are known by themselves, in English, German and Chinese.
//!
//! A header that means different things in different sheets (`Item No.`, `Amount`, `Reference`, `质量`) is left out: it has to be
//! mapped by hand.

use super::field::Field;

/// Spelled as [`key`] spells them.
const NUMBER: [&str; 29] = [
    "partnumber",
    "partno",
    "partnum",
    "part#",
    "pn",
    "itemnumber",
    "mpn",
    "mfrpartnumber",
    "manufacturerpartnumber",
    "componentnumber",
    "materialnumber",
    "productnumber",
    "sku",
    "teilenummer",
    "teilenr",
    "artikelnummer",
    "artikelnr",
    "materialnummer",
    "materialnr",
    "sachnummer",
    "sachnr",
    "料号",
    "物料编码",
    "物料编号",
    "物料号",
    "零件号",
    "零件编号",
    "件号",
    "编码",
];
const NAME: [&str; 18] = [
    "name",
    "partname",
    "itemname",
    "componentname",
    "productname",
    "title",
    "teilename",
    "teilebezeichnung",
    "benennung",
    "bezeichnung",
    "artikelbezeichnung",
    "名称",
    "零件名称",
    "物料名称",
    "部件名称",
    "品名",
    "零件名",
    "产品名称",
];
const QUANTITY: [&str; 16] = [
    "quantity",
    "qty",
    "quantities",
    "qtyper",
    "qtyperassembly",
    "quantityperassembly",
    "count",
    "menge",
    "anzahl",
    "stückzahl",
    "stueckzahl",
    "stk",
    "数量",
    "用量",
    "单机数量",
    "个数",
];
const UOM: [&str; 11] = [
    "uom",
    "unit",
    "unitofmeasure",
    "unitofmeasurement",
    "einheit",
    "mengeneinheit",
    "me",
    "单位",
    "计量单位",
    "数量单位",
    "基本单位",
];
const FIND_NUM: [&str; 12] = [
    "findnumber",
    "findno",
    "findnum",
    "find#",
    "find",
    "position",
    "pos",
    "posnr",
    "positionsnummer",
    "序号",
    "项次",
    "位置号",
];
const REFDES: [&str; 11] = [
    "refdes",
    "refdesignator",
    "referencedesignator",
    "referencedesignators",
    "references",
    "designator",
    "designators",
    "bauteilreferenz",
    "referenzbezeichner",
    "位号",
    "元件位号",
];
const COST: [&str; 19] = [
    "cost",
    "unitcost",
    "cost/unit",
    "costperunit",
    "price",
    "unitprice",
    "price/unit",
    "priceperunit",
    "kosten",
    "stückkosten",
    "preis",
    "stückpreis",
    "einzelpreis",
    "preis/stück",
    "preisprostück",
    "单价",
    "成本",
    "单位成本",
    "价格",
];
const WEIGHT: [&str; 8] = ["weight", "mass", "unitweight", "weight/unit", "gewicht", "masse", "重量", "单重"];
const DESCRIPTION: [&str; 7] = ["description", "desc", "partdescription", "beschreibung", "描述", "说明", "物料描述"];
const REVISION: [&str; 8] =
    ["revision", "rev", "partrevision", "änderungsstand", "revisionsstand", "版本", "版次", "版本号"];

const LEVEL: [&str; 19] = [
    "level",
    "lvl",
    "bomlevel",
    "structurelevel",
    "hierarchylevel",
    "indent",
    "indentlevel",
    "indentation",
    "outline",
    "outlinelevel",
    "outlinenumber",
    "stufe",
    "ebene",
    "strukturstufe",
    "gliederung",
    "层级",
    "层次",
    "阶层",
    "阶次",
];
const PARENT: [&str; 19] = [
    "parent",
    "parentnumber",
    "parentno",
    "parentpn",
    "parentpart",
    "parentpartnumber",
    "parentpartno",
    "parentitem",
    "parentitemnumber",
    "usedin",
    "oberteil",
    "oberteilnummer",
    "übergeordnet",
    "übergeordneteteilenummer",
    "父件",
    "父件号",
    "父料号",
    "父项",
    "上级料号",
];

/// What a header adds when the blanks before its cells tell the structure.
const INDENTED: [&str; 3] = ["indented", "eingerückt", "缩进"];

/// Whether the blanks before the cells of this column tell the structure.
pub(super) fn is_indented(header: &str) -> bool {
    let key = key(header);
    INDENTED.iter().any(|word| key.ends_with(word))
}

/// The field a header stands for. `property.colour` and `line.note` stand for what they say.
pub(super) fn field_of(header: &str) -> Option<Field> {
    if header.starts_with("property.") || header.starts_with("line.") {
        return header.parse().ok();
    }
    let key = key(header);
    let key = INDENTED.iter().find_map(|word| key.strip_suffix(word)).unwrap_or(&key);
    let known: [(Field, &[&str]); 12] = [
        (Field::Number, &NUMBER),
        (Field::Name, &NAME),
        (Field::Quantity, &QUANTITY),
        (Field::Uom, &UOM),
        (Field::FindNum, &FIND_NUM),
        (Field::Refdes, &REFDES),
        (Field::Cost, &COST),
        (Field::Weight, &WEIGHT),
        (Field::Description, &DESCRIPTION),
        (Field::Revision, &REVISION),
        (Field::Level, &LEVEL),
        (Field::Parent, &PARENT),
    ];
    known.into_iter().find(|(_, headers)| headers.contains(&key)).map(|(field, _)| field)
}

/// Lower-case letters and digits, `#` and an inner slash; `P/N` is spelled `pn`.
fn key(header: &str) -> String {
    let key: String = header
        .chars()
        .map(|sign| if sign == '／' { '/' } else { sign })
        .filter(|sign| sign.is_alphanumeric() || matches!(sign, '#' | '/'))
        .flat_map(char::to_lowercase)
        .collect();
    if key == "p/n" { "pn".to_owned() } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_indented_column_says_so() {
        assert!(is_indented("Part Number (indented)") && !is_indented("Part Number") && !is_indented("Indent"));
    }

    #[test]
    fn known_headers_are_found_however_they_are_spelled() {
        let cases = [
            ("Part Number", Field::Number),
            ("PART_NO.", Field::Number),
            ("P/N", Field::Number),
            ("料号", Field::Number),
            ("Teile-Nr.", Field::Number),
            ("Benennung", Field::Name),
            ("零件名称", Field::Name),
            ("QTY.", Field::Quantity),
            ("Menge", Field::Quantity),
            ("数量：", Field::Quantity),
            ("Cost/Unit", Field::Cost),
            ("Einzelpreis", Field::Cost),
            ("Designator", Field::Refdes),
            ("单位", Field::Uom),
            ("Level", Field::Level),
            ("Stufe", Field::Level),
            ("Parent Part Number", Field::Parent),
            ("父件号", Field::Parent),
            ("Part Number (indented)", Field::Number),
            ("property.vendor", Field::Property("vendor".to_owned())),
            ("line.note", Field::Line("note".to_owned())),
        ];
        for (header, field) in cases {
            assert_eq!(field_of(header), Some(field), "{header}");
        }
        for header in ["", "Total Cost", "Item No.", "Amount", "Reference", "Link"] {
            assert_eq!(field_of(header), None, "{header}");
        }
    }
}
