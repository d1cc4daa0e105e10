//! What a file is: found from its bytes where they tell, and from its extension where they do not contradict it. What the
//! sender calls its type counts for nothing.

use super::name::extension;

/// What is known of a content without understanding it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileKind {
    /// The extension in lower case, without its dot.
    pub extension: String,
    pub mime_type: String,
    /// `3d`, `2d`, `image`, `document`, `archive` or `other`.
    pub document_type: String,
    /// A file that a CAD program works on.
    pub is_native_cad: bool,
    /// The program or standard that a CAD file is of.
    pub cad_format: Option<String>,
}

const OCTETS: &str = "application/octet-stream";

/// Formats that hold others: archives, and compound files, which most programs of Windows write.
const PACKED: [&str; 5] = [
    "application/zip",
    "application/x-ole-storage",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
];

/// What extensions stand for: type, document type, CAD format.
const KNOWN: &[(&str, &str, &str, Option<&str>)] = &[
    ("step", "model/step", "3d", Some("STEP")),
    ("stp", "model/step", "3d", Some("STEP")),
    ("iges", "model/iges", "3d", Some("IGES")),
    ("igs", "model/iges", "3d", Some("IGES")),
    ("stl", "model/stl", "3d", Some("STL")),
    ("obj", "model/obj", "3d", Some("OBJ")),
    ("gltf", "model/gltf+json", "3d", Some("glTF")),
    ("glb", "model/gltf-binary", "3d", Some("glTF")),
    ("3mf", "model/3mf", "3d", Some("3MF")),
    ("jt", "model/jt", "3d", Some("JT")),
    ("x_t", "model/vnd.parasolid.transmit.text", "3d", Some("Parasolid")),
    ("x_b", "model/vnd.parasolid.transmit.binary", "3d", Some("Parasolid")),
    ("sat", OCTETS, "3d", Some("ACIS")),
    ("sldprt", OCTETS, "3d", Some("SolidWorks")),
    ("sldasm", OCTETS, "3d", Some("SolidWorks")),
    ("slddrw", OCTETS, "2d", Some("SolidWorks")),
    ("ipt", OCTETS, "3d", Some("Inventor")),
    ("iam", OCTETS, "3d", Some("Inventor")),
    ("idw", OCTETS, "2d", Some("Inventor")),
    ("prt", OCTETS, "3d", Some("NX or Creo")),
    ("asm", OCTETS, "3d", Some("Creo or Solid Edge")),
    ("par", OCTETS, "3d", Some("Solid Edge")),
    ("psm", OCTETS, "3d", Some("Solid Edge")),
    ("catpart", OCTETS, "3d", Some("CATIA")),
    ("catproduct", OCTETS, "3d", Some("CATIA")),
    ("catdrawing", OCTETS, "2d", Some("CATIA")),
    ("fcstd", OCTETS, "3d", Some("FreeCAD")),
    ("3dm", OCTETS, "3d", Some("Rhino")),
    ("3ds", OCTETS, "3d", Some("3D Studio")),
    ("f3d", OCTETS, "3d", Some("Fusion")),
    ("ifc", "application/x-step", "3d", Some("IFC")),
    ("dwg", "image/vnd.dwg", "2d", Some("AutoCAD")),
    ("dxf", "image/vnd.dxf", "2d", Some("DXF")),
    ("pdf", "application/pdf", "document", None),
    ("txt", "text/plain", "other", None),
    ("csv", "text/csv", "document", None),
    ("md", "text/markdown", "document", None),
    ("json", "application/json", "other", None),
    ("xml", "application/xml", "other", None),
    ("html", "text/html", "document", None),
    ("htm", "text/html", "document", None),
    ("svg", "image/svg+xml", "image", None),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document", None),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "document", None),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", "document", None),
];

/// Extensions of the files that are recognised as CAD.
pub fn cad_extensions() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().filter(|(.., format)| format.is_some()).map(|(extension, ..)| *extension)
}

impl FileKind {
    /// By the name and the first bytes.
    pub fn of(name: &str, head: &[u8]) -> Self {
        let extension = extension(name);
        let known = KNOWN.iter().find(|(of, ..)| *of == extension);
        let told = infer::get(head).map(|kind| kind.mime_type());
        let is_cad = known.is_some_and(|(.., format)| format.is_some());
        let mime_type = match (told, known) {
            (Some(packed), Some((_, mime, ..))) if PACKED.contains(&packed) => by_name(mime, head),
            (None, Some((_, mime, ..))) => by_name(mime, head),
            (Some(told), _) => told,
            (None, None) if is_text(head) => "text/plain",
            (None, None) => OCTETS,
        };
        let document_type = match known {
            Some((_, _, document_type, _)) => document_type,
            None => document_type(mime_type),
        };
        Self {
            mime_type: mime_type.to_owned(),
            document_type: document_type.to_owned(),
            is_native_cad: is_cad,
            cad_format: known.and_then(|(.., format)| format.map(str::to_owned)),
            extension,
        }
    }
}

/// What the extension says, unless the bytes should have shown it themselves and do not.
fn by_name(mime: &'static str, head: &[u8]) -> &'static str {
    let shows_itself = mime == "application/pdf";
    let is_written = mime.starts_with("text/") || mime.ends_with("xml") || mime.ends_with("json");
    if shows_itself || (is_written && !is_text(head)) { OCTETS } else { mime }
}

/// UTF-8 without control characters; the last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
}

fn document_type(mime: &str) -> &'static str {
    match mime.split_once('/') {
        Some(("image", _)) => "image",
        Some(("model", _)) => "3d",
        Some(("application", "pdf")) => "document",
        Some(("application", "zip" | "gzip" | "x-7z-compressed" | "x-tar" | "vnd.rar" | "x-bzip2" | "x-xz")) => {
            "archive"
        }
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_tell_before_names() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        for (name, head, mime, document_type) in [
            ("part.step", &b"ISO-10303-21;\nHEADER;"[..], "model/step", "3d"),
            ("notes.txt", b"yuantus verification test", "text/plain", "other"),
            ("photo.png", png, "image/png", "image"),
            ("photo.txt", png, "image/png", "other"),
            ("photo", png, "image/png", "image"),
            ("drawing.pdf", b"%PDF-1.7\n", "application/pdf", "document"),
            ("drawing.pdf", b"no pdf at all", OCTETS, "document"),
            ("page.html", b"<html><script>", "text/html", "document"),
            ("page.txt", b"<!DOCTYPE html><script>", "text/html", "other"),
            ("unknown", b"\x00\x01\x02\x03", OCTETS, "other"),
            ("unknown", "Maße in mm".as_bytes(), "text/plain", "other"),
            ("table.csv", b"a\0b", OCTETS, "document"),
            ("box.sldprt", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OCTETS, "3d"),
        ] {
            let kind = FileKind::of(name, head);
            assert_eq!((kind.mime_type.as_str(), kind.document_type.as_str()), (mime, document_type), "{name}");
        }
    }

    #[test]
    fn a_cad_file_is_known_by_its_extension() {
        let kind = FileKind::of("Gehäuse.SLDPRT", b"\xd0\xcf\x11\xe0");
        assert_eq!((kind.is_native_cad, kind.cad_format.as_deref()), (true, Some("SolidWorks")));
        assert!(!FileKind::of("a.txt", b"text").is_native_cad);
    }

    #[test]
    fn a_cut_character_does_not_make_a_text_binary() {
        assert_eq!(FileKind::of("a", &"Maß".as_bytes()[..3]).mime_type, "text/plain");
    }
}
