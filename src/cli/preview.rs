//! `yuantus preview-file`: what the program runs itself as to draw one file, bounded and with nothing to find. Not for people,
//! though it bears them: `yuantus preview-file --format stl part.stl`.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Result};
use crate::preview::{Bounds, Format, serve};

#[derive(Debug, Args)]
pub struct PreviewFile {
    /// What the file is
    #[arg(long)]
    format: Format,
    /// Address space that drawing may take
    #[arg(long, default_value_t = 1 << 30)]
    memory_bytes: u64,
    /// Computing time that drawing may take
    #[arg(long, default_value_t = 30)]
    cpu_seconds: u64,
    /// The file; standard input without one
    file: Option<PathBuf>,
}

impl PreviewFile {
    /// Writes a line of JSON and the PNG to standard output.
    pub fn run(self) -> Result<()> {
        let opened = match &self.file {
            Some(path) => File::open(path),
            // As a file it tells its size, and is read without growing a buffer again and again.
            None => std::io::stdin().as_fd().try_clone_to_owned().map(File::from),
        };
        let file = opened.map_err(|error| Error::bad_request("The file cannot be opened").caused_by(error))?;
        let bounds = Bounds { memory_bytes: self.memory_bytes, cpu_seconds: self.cpu_seconds };
        let mut out = std::io::stdout().lock();
        serve(file, self.format, bounds, &mut out)?;
        out.flush().map_err(|error| Error::internal("The answer cannot be written").caused_by(error))
    }
}
