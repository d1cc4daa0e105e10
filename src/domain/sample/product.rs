//! The sample product as tables: parts, lines and documents. An assembly's cost and weight are those of its parts.

/// A part to be. Cost per unit of its line, weight in kilograms.
pub(super) struct SamplePart {
    pub number: &'static str,
    pub name: &'static str,
    pub cost: Option<f64>,
    pub weight: Option<f64>,
}

const fn assembly(number: &'static str, name: &'static str) -> SamplePart {
    SamplePart { number, name, cost: None, weight: None }
}

const fn part(number: &'static str, name: &'static str, cost: f64, weight: f64) -> SamplePart {
    SamplePart { number, name, cost: Some(cost), weight: Some(weight) }
}

pub(super) const ROOT: &str = "WB-1000";

pub(super) const PARTS: &[SamplePart] = &[
    assembly(ROOT, "Coastal weather buoy"),
    assembly("WB-1100", "Hull assembly"),
    assembly("WB-1110", "Keel frame"),
    assembly("WB-1200", "Mast assembly"),
    assembly("WB-1300", "Power assembly"),
    assembly("WB-1310", "Battery pack 12.8 V 40 Ah"),
    assembly("WB-1400", "Electronics assembly"),
    assembly("WB-1410", "Controller board"),
    assembly("WB-1500", "Mooring assembly"),
    part("WB-1101", "Float half, closed-cell foam", 145.00, 9.5),
    part("WB-1103", "Zinc anode, bolt-on", 6.50, 0.5),
    part("WB-1111", "Keel tube 60x3, stainless steel", 64.00, 6.2),
    part("WB-1112", "Ballast disc, cast iron", 22.00, 11.0),
    part("WB-1201", "Mast tube 50x2, aluminium", 38.00, 1.8),
    part("WB-1401", "Enclosure, glass-filled, submersible", 92.00, 1.4),
    part("WB-1501", "Mooring chain 13 mm", 9.80, 3.8),
    part("WB-1503", "Sinker, cast concrete", 120.00, 480.0),
    part("HW-0101", "Hex bolt M10x40, A4", 0.92, 0.034),
    part("HW-0102", "Hex nut M10, A4", 0.31, 0.011),
    part("HW-0105", "Bow shackle 16 mm", 7.40, 0.7),
    part("CM-0001", "Sealant, marine grade", 21.00, 1.2),
    part("EL-0201", "Wind sensor, ultrasonic", 690.00, 0.6),
    part("EL-0202", "Wind sensor, cup and vane", 310.00, 0.9),
    part("EL-0203", "Air temperature and humidity probe", 118.00, 0.15),
    part("EL-0204", "Barometer module", 46.00, 0.02),
    part("EL-0205", "Navigation lantern, amber", 134.00, 0.45),
    part("EL-0206", "Sensor cable 4x0.34, seawater-proof", 3.60, 0.06),
    part("EL-0301", "Solar panel 20 W", 58.00, 1.9),
    part("EL-0302", "Charge controller, PWM", 24.00, 0.18),
    part("EL-0303", "Charge controller, MPPT", 61.00, 0.24),
    part("EL-0304", "Blade fuse 5 A", 0.40, 0.002),
    part("EL-0311", "Cell LiFePO4 3.2 V 20 Ah", 17.50, 0.48),
    part("EL-0312", "Battery management board, 4 cells", 19.00, 0.05),
    part("EL-0401", "Satellite modem with antenna", 265.00, 0.22),
    part("EL-0404", "Wave sensor, inertial", 87.00, 0.04),
    part("EL-0411", "Printed circuit board, 4 layers", 8.20, 0.06),
    part("EL-0412", "Microcontroller, low power", 5.90, 0.001),
    part("EL-0413", "Voltage regulator 3.3 V", 1.10, 0.001),
    part("EL-0414", "Ceramic capacitor 10 uF", 0.09, 0.0001),
    part("EL-0415", "Connector M12, 8 poles", 6.80, 0.02),
];

/// A line to be; its find number is its place among its parent's, in tens.
pub(super) struct SampleLine {
    pub child: &'static str,
    pub quantity: &'static str,
    pub uom: &'static str,
    pub refdes: Option<&'static str>,
    pub from: Option<&'static str>,
    pub to: Option<&'static str>,
    /// The option and the value for which the line holds.
    pub option: Option<(&'static str, &'static str)>,
}

impl SampleLine {
    const fn refdes(self, refdes: &'static str) -> Self {
        Self { refdes: Some(refdes), ..self }
    }

    const fn from(self, from: &'static str) -> Self {
        Self { from: Some(from), ..self }
    }

    const fn to(self, to: &'static str) -> Self {
        Self { to: Some(to), ..self }
    }

    const fn option(self, name: &'static str, value: &'static str) -> Self {
        Self { option: Some((name, value)), ..self }
    }
}

const fn measured(quantity: &'static str, uom: &'static str, child: &'static str) -> SampleLine {
    SampleLine { child, quantity, uom, refdes: None, from: None, to: None, option: None }
}

const fn pieces(quantity: &'static str, child: &'static str) -> SampleLine {
    measured(quantity, "EA", child)
}

pub(super) const LINES: &[(&str, &[SampleLine])] = &[
    (
        ROOT,
        &[
            pieces("1", "WB-1100"),
            pieces("1", "WB-1200"),
            pieces("1", "WB-1300"),
            pieces("1", "WB-1400"),
            pieces("1", "WB-1500"),
        ],
    ),
    (
        "WB-1100",
        &[
            pieces("2", "WB-1101"),
            pieces("1", "WB-1110"),
            pieces("4", "WB-1103"),
            pieces("12", "HW-0101"),
            pieces("12", "HW-0102"),
            measured("0.6", "L", "CM-0001"),
        ],
    ),
    ("WB-1110", &[pieces("1", "WB-1111"), pieces("3", "WB-1112"), pieces("6", "HW-0101")]),
    (
        "WB-1200",
        &[
            pieces("1", "WB-1201"),
            pieces("1", "EL-0201").option("Wind sensor", "Ultrasonic"),
            pieces("1", "EL-0202").option("Wind sensor", "Cup and vane"),
            pieces("1", "EL-0203"),
            pieces("1", "EL-0205"),
            measured("2.4", "M", "EL-0206"),
        ],
    ),
    (
        "WB-1300",
        &[
            pieces("1", "WB-1310"),
            pieces("3", "EL-0301"),
            pieces("1", "EL-0302").to("2026-03-31T23:59:59Z"),
            pieces("1", "EL-0303").from("2026-04-01T00:00:00Z"),
            pieces("2", "EL-0304").refdes("F1, F2"),
        ],
    ),
    ("WB-1310", &[pieces("8", "EL-0311"), pieces("1", "EL-0312")]),
    (
        "WB-1400",
        &[
            pieces("1", "WB-1401"),
            pieces("1", "WB-1410"),
            pieces("1", "EL-0401"),
            pieces("1", "EL-0204"),
            pieces("1", "EL-0404"),
            measured("0.05", "L", "CM-0001"),
        ],
    ),
    (
        "WB-1410",
        &[
            pieces("1", "EL-0411"),
            pieces("1", "EL-0412").refdes("U1"),
            pieces("1", "EL-0413").refdes("U2"),
            pieces("6", "EL-0414").refdes("C1, C2, C3, C4, C5, C6"),
            pieces("3", "EL-0415").refdes("J1, J2, J3"),
        ],
    ),
    ("WB-1500", &[measured("25", "M", "WB-1501"), pieces("3", "HW-0105"), pieces("1", "WB-1503")]),
];

/// Number and name.
pub(super) const DOCUMENTS: &[(&str, &str)] = &[
    ("WB-D-0001", "Coastal weather buoy: product specification"),
    ("WB-D-0002", "Coastal weather buoy: assembly and test instruction"),
    ("WB-D-0003", "Mooring: deployment and recovery procedure"),
];
