//! The inside of the fenced process: it gives up what it does not need, then draws.

use std::io::{Read, Write};

use rustix::process::{Resource, Rlimit, nice, setrlimit};

use super::{Format, draw, unusable, wire};
use crate::error::{Error, Result};

/// What it may write to files, should somebody lead its output to one.
const MOST_OUTPUT: u64 = 64 * 1024 * 1024;
/// Standard streams, and the file that is read.
const MOST_OPEN_FILES: u64 = 16;
/// What people wait for comes first, but on a busy machine a preview still gets its turns.
const LOW_PRIORITY: i32 = 10;

/// What drawing one file may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Address space, the program itself included.
    pub memory_bytes: u64,
    /// Computing time.
    pub cpu_seconds: u64,
}

/// Draws what `source` yields and writes the answer to `to`. The calling process is bounded from here to its end.
pub fn serve(source: impl Read, format: Format, bounds: Bounds, to: &mut impl Write) -> Result<()> {
    confine(bounds)?;
    let mut content = Vec::new();
    let read = source.take(bounds.memory_bytes).read_to_end(&mut content);
    let outcome = read
        .map_err(|error| unusable("The file cannot be read into memory").caused_by(error))
        .and_then(|_| draw(content, format));
    wire::write(outcome, to)
}

fn confine(bounds: Bounds) -> Result<()> {
    let limits = [
        (Resource::As, bounds.memory_bytes, bounds.memory_bytes),
        // A signal that says so, and a second later one that nothing withstands.
        (Resource::Cpu, bounds.cpu_seconds, bounds.cpu_seconds.saturating_add(1)),
        (Resource::Core, 0, 0),
        (Resource::Fsize, MOST_OUTPUT, MOST_OUTPUT),
        (Resource::Nofile, MOST_OPEN_FILES, MOST_OPEN_FILES),
    ];
    for (resource, current, maximum) in limits {
        setrlimit(resource, Rlimit { current: Some(current), maximum: Some(maximum) })
            .map_err(|error| Error::unavailable("The process cannot be bounded; nothing was drawn").caused_by(error))?;
    }
    // A system that refuses this draws all the same.
    let _ = nice(LOW_PRIORITY);
    Ok(())
}
