//! A workbook of 10,000 lines in three levels: its preview, and its import into an empty organisation.

use std::time::Instant;

use rust_xlsxwriter::Workbook;
use yuantus::context::Ctx;
use yuantus::domain::bom::import::{ImportRequest, SheetOptions, import_bom, plan_import};

/// 10 assemblies of 30 with 33 parts each are 10,210 lines.
const SHAPE: [usize; 3] = [10, 30, 33];

pub async fn measure(engine: &'static str, ctx: &Ctx) {
    let (file, lines) = workbook();
    let request = ImportRequest {
        file,
        file_name: Some("bom.xlsx".to_owned()),
        parent: String::new(),
        create_parent: None,
        sheet: SheetOptions::default(),
        placeholders: Default::default(),
        existing: Default::default(),
    };
    let began = Instant::now();
    let planned = plan_import(ctx, &request).await.unwrap();
    assert_eq!((planned.lines, planned.problem_count()), (lines, 0));
    println!("{engine}: preview of a workbook of {lines} lines {:.2?}", began.elapsed());
    let began = Instant::now();
    let done = import_bom(ctx, &request, &|_, _| ()).await.unwrap();
    assert_eq!(done.lines_created, lines);
    println!("{engine}: its import {:.2?}", began.elapsed());
    let began = Instant::now();
    let again = import_bom(ctx, &request, &|_, _| ()).await.unwrap();
    assert_eq!(again.lines_unchanged, lines);
    println!("{engine}: its import again, which changes nothing {:.2?}", began.elapsed());
}

fn workbook() -> (Vec<u8>, usize) {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, text) in ["Level", "Part Number", "Name", "Quantity", "Cost", "Description"].iter().enumerate() {
        sheet.write_string(0, u16::try_from(column).unwrap(), *text).unwrap();
    }
    let mut row = 0_u32;
    let mut line = |level: f64, number: String| {
        row += 1;
        sheet.write_number(row, 0, level).unwrap().write_string(row, 1, &number).unwrap();
        sheet.write_string(row, 2, format!("Part {number}")).unwrap().write_number(row, 3, 2.0).unwrap();
        sheet.write_number(row, 4, 12.5).unwrap().write_string(row, 5, "As it is bought").unwrap();
    };
    line(0.0, "M".to_owned());
    for assembly in 0..SHAPE[0] {
        line(1.0, format!("M-{assembly}"));
        for group in 0..SHAPE[1] {
            line(2.0, format!("M-{assembly}-{group}"));
            for part in 0..SHAPE[2] {
                line(3.0, format!("M-{assembly}-{group}-{part}"));
            }
        }
    }
    (workbook.save_to_buffer().unwrap(), usize::try_from(row).unwrap() - 1)
}
