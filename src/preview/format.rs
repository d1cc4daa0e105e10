//! What formats there are, and what tells them: the first bytes, and where these say nothing the extension of the name.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// Extensions of files that [`Format`] knows, so that a preview can be drawn.
pub const PREVIEW_FORMATS: [&str; 14] =
    ["bmp", "dxf", "gif", "glb", "gltf", "jpeg", "jpg", "obj", "pdf", "png", "stl", "tif", "tiff", "webp"];

/// A format that can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    Png,
    Jpeg,
    Gif,
    Webp,
    Bmp,
    Tiff,
    Pdf,
    Stl,
    Obj,
    Gltf,
    Glb,
    Dxf,
}

/// How far into a file the mark of a PDF may stand.
const PDF_MARK_WITHIN: usize = 1024;

impl Format {
    /// What a file is by its first bytes (1 KiB is enough) and by the extension of its name, without a dot. Bytes win; an
    /// extension counts where they say nothing.
    pub fn detect(head: &[u8], extension: &str) -> Option<Self> {
        Self::of_bytes(head).or_else(|| Self::of_extension(extension))
    }

    pub fn of_extension(extension: &str) -> Option<Self> {
        Some(match extension.to_ascii_lowercase().as_str() {
            "png" => Self::Png,
            "jpg" | "jpeg" => Self::Jpeg,
            "gif" => Self::Gif,
            "webp" => Self::Webp,
            "bmp" => Self::Bmp,
            "tif" | "tiff" => Self::Tiff,
            "pdf" => Self::Pdf,
            "stl" => Self::Stl,
            "obj" => Self::Obj,
            "gltf" => Self::Gltf,
            "glb" => Self::Glb,
            "dxf" => Self::Dxf,
            _ => return None,
        })
    }

    /// For what a file was found to be from its bytes; none for what only its name could tell.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        Some(match media_type {
            "image/png" => Self::Png,
            "image/jpeg" => Self::Jpeg,
            "image/gif" => Self::Gif,
            "image/webp" => Self::Webp,
            "image/bmp" => Self::Bmp,
            "image/tiff" => Self::Tiff,
            "application/pdf" => Self::Pdf,
            _ => return None,
        })
    }

    /// Formats of plain text begin in too many ways; those of them that are not told by a mark are told by extension.
    fn of_bytes(head: &[u8]) -> Option<Self> {
        let marks: [(&[u8], Self); 8] = [
            (b"\x89PNG\r\n\x1a\n", Self::Png),
            (b"\xff\xd8\xff", Self::Jpeg),
            (b"GIF87a", Self::Gif),
            (b"GIF89a", Self::Gif),
            (b"II*\0", Self::Tiff),
            (b"MM\0*", Self::Tiff),
            (b"glTF", Self::Glb),
            (b"AutoCAD Binary DXF", Self::Dxf),
        ];
        if let Some((_, format)) = marks.iter().find(|(mark, _)| head.starts_with(mark)) {
            return Some(*format);
        }
        if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
            return Some(Self::Webp);
        }
        // Two letters are not enough; the size of the header that follows has few values.
        if head.starts_with(b"BM") && matches!(head.get(14..18), Some([12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0])) {
            return Some(Self::Bmp);
        }
        let start = &head[..head.len().min(PDF_MARK_WITHIN)];
        start.windows(5).any(|bytes| bytes == b"%PDF-").then_some(Self::Pdf)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
            Self::Pdf => "pdf",
            Self::Stl => "stl",
            Self::Obj => "obj",
            Self::Gltf => "gltf",
            Self::Glb => "glb",
            Self::Dxf => "dxf",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::of_extension(text)
            .ok_or_else(|| Error::bad_request(format!("{text} is none of {}", PREVIEW_FORMATS.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_win_over_the_extension() {
        let cases: [(&[u8], &str, Option<Format>); 16] = [
            (b"\x89PNG\r\n\x1a\n....", "png", Some(Format::Png)),
            (b"\x89PNG\r\n\x1a\n....", "stl", Some(Format::Png)),
            (b"\xff\xd8\xff\xe0", "", Some(Format::Jpeg)),
            (b"GIF89a", "", Some(Format::Gif)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "", Some(Format::Webp)),
            (b"RIFF\x10\0\0\0WAVEfmt ", "wav", None),
            (b"BM\x10\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "", Some(Format::Bmp)),
            (b"BMW and other cars of a list", "txt", None),
            (b"MM\0*", "", Some(Format::Tiff)),
            (b"garbage before\n%PDF-1.7", "bin", Some(Format::Pdf)),
            (b"glTF\x02\0\0\0", "bin", Some(Format::Glb)),
            (b"solid x", "STL", Some(Format::Stl)),
            (b"  0\nSECTION", "Dxf", Some(Format::Dxf)),
            (b"PK\x03\x04", "docx", None),
            (b"ISO-10303-21;", "step", None),
            (b"", "png", Some(Format::Png)),
        ];
        for (head, extension, format) in cases {
            assert_eq!(Format::detect(head, extension), format, "{extension} {head:?}");
        }
    }

    #[test]
    fn what_is_said_to_be_previewed_is_known() {
        for extension in PREVIEW_FORMATS {
            assert!(Format::of_extension(extension).is_some(), "{extension}");
        }
        assert!(PREVIEW_FORMATS.is_sorted());
    }

    #[test]
    fn formats_are_named_by_an_extension() {
        for extension in PREVIEW_FORMATS {
            let format: Format = extension.parse().unwrap();
            assert_eq!(format.as_str().parse::<Format>().unwrap(), format);
        }
        assert!("step".parse::<Format>().is_err());
    }
}
