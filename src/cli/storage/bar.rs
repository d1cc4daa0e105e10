//! Progress on standard error, where that is a terminal.

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

/// Bytes of a known whole.
pub fn bytes() -> ProgressBar {
    bar("{msg} {bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
}

/// Things of a known number.
pub fn number(of: &str) -> ProgressBar {
    bar(&format!("{{msg}} {{bar:32}} {{pos}}/{{len}} {of} {{eta}}"))
}

/// How much has been seen of an unknown whole.
pub fn seen(of: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template(&format!("{{spinner}} {{msg}} {{pos}} {of} {{per_sec}}")) {
        bar.set_style(style);
    }
    bar
}

fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// `12.5 MiB`
pub fn size(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}
