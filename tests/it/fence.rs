//! The process that previews are drawn in: what it survives, what it is given, and what is told of its end.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use yuantus::error::{Error, Kind};
use yuantus::preview::{Bounds, Drawn, Format, Renderer};

use crate::support::samples;

const PROGRAM: &str = env!("CARGO_BIN_EXE_yuantus");
const BOUNDS: Bounds = Bounds { memory_bytes: 1 << 30, cpu_seconds: 10 };
const LONG: Duration = Duration::from_secs(300);

fn file(folder: &Path, content: &[u8]) -> File {
    let path = folder.join("input");
    fs::write(&path, content).unwrap();
    File::open(path).unwrap()
}

async fn draw(content: &[u8], format: Format, bounds: Bounds) -> Result<Drawn, Error> {
    let folder = TempDir::new().unwrap();
    Renderer::new(PROGRAM, bounds, LONG).draw(file(folder.path(), content), format).await
}

#[tokio::test]
async fn a_file_is_drawn_in_another_process() {
    let drawn = draw(&samples::dxf(), Format::Dxf, BOUNDS).await.unwrap();
    assert!(drawn.png.starts_with(b"\x89PNG"));
    let refused = draw(b"no model", Format::Stl, BOUNDS).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::BadRequest);
}

/// Every one ends with a picture or with a reason that blames the file, within the bounds.
#[tokio::test]
async fn what_is_made_to_harm_harms_nobody() {
    let nested = |open: &str, close: &str, times: usize| open.repeat(times) + &close.repeat(times);
    let deep = format!("<< /Length 3 /X {} >>\nstream\nq Q\nendstream", nested("[", "]", 400_000));
    let looped = samples::pdf(1, 200, 200);
    let looped = String::from_utf8(looped).unwrap().replace("/Parent 2 0 R", "/Parent 4 0 R").into_bytes();
    let cases = [
        ("deep JSON", Format::Gltf, nested("[", "]", 400_000).into_bytes()),
        ("deep PDF", Format::Pdf, samples::pdf_of(1, 200, 200, &deep)),
        ("a page that is its own parent", Format::Pdf, looped),
        ("a claim of many triangles", Format::Stl, [&[b' '; 80][..], &u32::MAX.to_le_bytes(), &[0; 100]].concat()),
        ("a line without an end", Format::Obj, b"v 1 ".repeat(500_000)),
        ("a number without an end", Format::Dxf, [b"0\nSECTION\n".as_slice(), &b"9".repeat(2_000_000)].concat()),
        ("a picture of 100000 x 100000", Format::Png, samples::png_bomb(100_000)),
        ("a picture that barely fits no memory", Format::Png, samples::png_bomb(12_500)),
    ];
    for (name, format, content) in cases {
        match draw(&content, format, BOUNDS).await {
            Ok(drawn) => assert!(drawn.png.starts_with(b"\x89PNG"), "{name}"),
            Err(error) => assert_eq!(error.kind(), Kind::BadRequest, "{name}: {}", error.chain()),
        }
    }
}

#[tokio::test]
async fn too_little_memory_is_told_as_such() {
    let little = Bounds { memory_bytes: 256 << 20, cpu_seconds: 10 };
    let error = draw(&samples::png_bomb(12_000), Format::Png, little).await.unwrap_err();
    assert_eq!((error.kind(), error.message().contains("256 MiB")), (Kind::BadRequest, true), "{}", error.chain());
}

/// A program in place of ours.
fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("program");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

async fn with_script(text: &str, longest: Duration) -> Error {
    let folder = TempDir::new().unwrap();
    let program = script(folder.path(), text);
    Renderer::new(program, BOUNDS, longest).draw(file(folder.path(), b"x"), Format::Png).await.unwrap_err()
}

#[tokio::test]
async fn every_end_of_the_process_is_told_as_what_it_is() {
    for (text, kind, words) in [
        ("kill -ABRT $$", Kind::BadRequest, "damaged"),
        ("echo 'thread main has overflowed its stack' >&2; kill -ABRT $$", Kind::BadRequest, "nested"),
        ("echo 'memory allocation of 9 bytes failed' >&2; kill -ABRT $$", Kind::BadRequest, "memory"),
        ("kill -SEGV $$", Kind::BadRequest, "nested"),
        ("kill -XCPU $$", Kind::BadRequest, "10 seconds of computing"),
        ("exit 101", Kind::BadRequest, "damaged"),
        ("kill -KILL $$", Kind::Unavailable, "from outside"),
        ("kill -TERM $$", Kind::Unavailable, "from outside"),
        ("exit 1", Kind::Unavailable, "failed"),
        ("echo '<html>'", Kind::Unavailable, "failed"),
        (
            "echo '{\"drawn\":{\"kind\":\"image\",\"width\":1,\"height\":1}}'; echo '<script>'",
            Kind::Unavailable,
            "failed",
        ),
        ("yes", Kind::Unavailable, "longer than"),
        ("yes >&2", Kind::Unavailable, "longer than"),
        ("sleep 1000", Kind::Unavailable, "longer than"),
    ] {
        let error = with_script(text, Duration::from_secs(2)).await;
        assert_eq!(error.kind(), kind, "{text}: {}", error.chain());
        assert!(error.message().contains(words), "{text}: {}", error.chain());
    }
    let missing = Renderer::new("/nowhere/yuantus", BOUNDS, LONG);
    let folder = TempDir::new().unwrap();
    let error = missing.draw(file(folder.path(), b"x"), Format::Png).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
}

#[tokio::test]
async fn the_process_is_told_nothing_but_the_file() {
    let folder = TempDir::new().unwrap();
    let seen = folder.path().join("seen");
    let error = with_script(&format!("env > {0}; pwd >> {0}; echo \"$@\" >> {0}", seen.display()), LONG).await;
    assert_eq!(error.kind(), Kind::Unavailable);
    let seen = fs::read_to_string(seen).unwrap();
    // What the shell makes for itself.
    let own = |line: &&str| {
        line.starts_with("PWD=/") || line.starts_with("SHLVL=") || line.starts_with("_=") || line.starts_with("OLDPWD=")
    };
    let rest: Vec<&str> = seen.lines().filter(|line| !own(line)).collect();
    assert_eq!(rest, ["/", "preview-file --format png --memory-bytes 1073741824 --cpu-seconds 10"]);
}

#[test]
fn the_command_is_for_the_program_itself_and_bears_a_person() {
    let help = Command::new(PROGRAM).arg("--help").output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains("preview-file"));
    let folder = TempDir::new().unwrap();
    file(folder.path(), &samples::png());
    let by_path =
        Command::new(PROGRAM).args(["preview-file", "--format", "png", "input"]).current_dir(&folder).output();
    let by_path = by_path.unwrap();
    assert!(by_path.status.success());
    assert!(by_path.stdout.starts_with(br#"{"drawn":{"kind":"image","width":40,"height":20}}"#));
    let from_input = Command::new(PROGRAM)
        .args(["preview-file", "--format", "png"])
        .stdin(Stdio::from(File::open(folder.path().join("input")).unwrap()))
        .output()
        .unwrap();
    assert_eq!(from_input.stdout, by_path.stdout);
}
