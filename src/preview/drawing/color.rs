//! Colors by number, as they read on a light background.

use dxf::Color;

/// Red, green and blue.
pub type Rgb = [u8; 3];

pub const INK: Rgb = [40, 44, 52];

/// The first numbers have names; shades of the others are not told apart at this size. Black and white are both the ink.
pub fn of(color: &Color) -> Option<Rgb> {
    color.index().map(|index| match index {
        1 | 10..=19 => [200, 40, 40],
        2 | 20..=59 => [160, 130, 0],
        3 | 60..=119 => [30, 140, 50],
        4 | 120..=149 => [0, 140, 150],
        5 | 150..=189 => [40, 70, 200],
        6 | 190..=249 => [170, 40, 160],
        8 | 9 | 251..=254 => [130, 134, 140],
        _ => INK,
    })
}
