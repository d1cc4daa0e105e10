//! The product, area by area. Each area uses those to its left only, and nobody enters another's `repo`:
