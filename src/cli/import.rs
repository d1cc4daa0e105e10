//! `yuantus import bom`: a sheet on this machine becomes a bill of materials.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::{command_app, org_ctx, print};
use crate::app::{App, ControlSchema};
use crate::config::Loaded;
use crate::domain::bom::import::{
    ColumnMap, DecimalStyle, Delimiter, Duplicates, Existing, ImportReport, ImportRequest, MissingNumbers,
    PlaceholderRule, SheetOptions, Structure, import_bom, plan_import,
};
use crate::error::{Error, Kind, Result};

#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Import a bill of materials, CSV or .xlsx: each row becomes a line of the parent or below it, all of them or none
    #[command(after_help = EXAMPLES)]
    Bom(ImportBom),
}

const EXAMPLES: &str = "\
Examples:
  yuantus import bom frame.csv --tenant acme --org org-1 --parent FRAME-1 --dry-run
  yuantus import bom frame.csv --tenant acme --org org-1 --parent FRAME-1 --create-parent Frame \\
      --map 'number=Part Number,name=Part Name,quantity=#7' --placeholders suffix

Fields of --map: number, name, quantity, uom, find_num, refdes, cost, weight, description, revision, level, parent,
property.NAME, line.NAME.
A column is named by its header or by its position (#7); columns that are not mapped are found by well-known headers.";

#[derive(Debug, Args)]
pub struct ImportBom {
    /// The sheet: .xlsx, or CSV in UTF-8 or UTF-16; comma, semicolon or tab
    file: PathBuf,
    #[arg(long)]
    tenant: String,
    #[arg(long)]
    org: String,
    /// The number of the part whose BOM the sheet is; without it, the top row of a sheet with levels
    #[arg(long, value_name = "NUMBER")]
    parent: Option<String>,
    /// Make the parent, under this name, when it does not exist
    #[arg(long, value_name = "NAME")]
    create_parent: Option<String>,
    /// Which column is what: number=COLUMN,name=COLUMN,quantity=COLUMN,…
    #[arg(long, value_parser = ColumnMap::parse)]
    map: Option<ColumnMap>,
    /// How the rows hang together: auto, flat, level, parent or indented
    #[arg(long, default_value = "auto")]
    structure: Structure,
    /// The sheet of a workbook, by its name; the first when not given
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// A number that stands for several names: refuse, suffix, name or sequence
    #[arg(long, default_value = "refuse")]
    placeholders: PlaceholderRule,
    /// A part or line that is there with other values: refuse, keep or update
    #[arg(long, default_value = "refuse")]
    existing: Existing,
    /// A part that is listed twice: refuse or sum
    #[arg(long, default_value = "refuse")]
    duplicates: Duplicates,
    /// How numbers are written: auto, point or comma
    #[arg(long, default_value = "auto")]
    decimal: DecimalStyle,
    /// comma, semicolon or tab; found out when not given
    #[arg(long)]
    delimiter: Option<Delimiter>,
    /// A name without a number: sequence or refuse
    #[arg(long, default_value = "sequence")]
    missing_numbers: MissingNumbers,
    /// Tell what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// The report as JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(command: ImportCommand, loaded: Loaded) -> Result<()> {
    let ImportCommand::Bom(given) = command;
    let app = command_app(loaded, ControlSchema::AsConfigured).await?;
    let done = import(given, &app).await;
    app.close().await;
    done
}

async fn import(given: ImportBom, app: &App) -> Result<()> {
    let file = std::fs::read(&given.file)
        .map_err(|error| Error::bad_request(format!("{} cannot be read", given.file.display())).caused_by(error))?;
    let ctx = org_ctx(app, &given.tenant, &given.org).await?;
    let (dry_run, json) = (given.dry_run, given.json);
    let request = request(given, file);
    let plan = plan_import(&ctx, &request).await?;
    let report = if dry_run || plan.problem_count() > 0 {
        plan
    } else {
        let bar = progress_bar();
        let report = import_bom(&ctx, &request, &|done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        })
        .await;
        bar.finish_and_clear();
        report?
    };
    if json {
        print::json(&report)?;
    } else {
        print_report(&report)?;
    }
    match report.problem_count() {
        0 => Ok(()),
        count => Err(Error::new(Kind::Invalid, format!("{count} problem(s); nothing was imported"))),
    }
}

fn request(given: ImportBom, file: Vec<u8>) -> ImportRequest {
    ImportRequest {
        file,
        file_name: given.file.file_name().map(|name| name.to_string_lossy().into_owned()),
        parent: given.parent.unwrap_or_default(),
        create_parent: given.create_parent,
        sheet: SheetOptions {
            columns: given.map.unwrap_or_default(),
            delimiter: given.delimiter,
            decimal: given.decimal,
            duplicates: given.duplicates,
            missing_numbers: given.missing_numbers,
            structure: given.structure,
            sheet: given.sheet,
            ..SheetOptions::default()
        },
        placeholders: given.placeholders,
        existing: given.existing,
    }
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("importing {bar:40} {pos}/{len} lines") {
        bar.set_style(style);
    }
    bar
}

fn print_report(report: &ImportReport) -> Result<()> {
    for column in &report.columns {
        let found = if column.guessed { " (found by its header)" } else { "" };
        print::line(format!("column {:>2}  {:20} is {}{found}", column.position, column.column, column.field))?;
    }
    for placeholder in &report.placeholders {
        let names = placeholder.names.len();
        print::line(format!("number {} stands for {names} different names", placeholder.number))?;
    }
    for skipped in &report.skipped {
        print::line(format!("row {} {}: {}", skipped.row, skipped.reason, skipped.text))?;
    }
    for problem in &report.problems {
        print::line(problem.to_string())?;
    }
    if report.unlisted_problems > 0 {
        print::line(format!("and {} more problems", report.unlisted_problems))?;
    }
    if report.problem_count() > 0 {
        return Ok(());
    }
    let verb = if report.dry_run { "would be" } else { "were" };
    print::line(format!(
        "{} lines for {}: {} parts {verb} created, {} updated, {} found; {} lines {verb} created, {} updated, {} unchanged",
        report.lines,
        report.parent.number,
        report.parts_created,
        report.parts_updated,
        report.parts_matched,
        report.lines_created,
        report.lines_updated,
        report.lines_unchanged
    ))
}
