//! What comes out as pixels, vectors and errors.

use foehn_report::{
    Axis, Colours, Extent, FieldPanels, Figure, FigureError, Lines, MISSING, MapAxes, PanelGroup,
    PanelRow, RankHistogram, Ranks, RowOrder, Series, Shading,
};
use image::RgbImage;
use ndarray::{Array2, array};

/// The pixels; none when the bytes are not a picture.
fn decode(png: &[u8]) -> RgbImage {
    image::load_from_memory(png)
        .map(image::DynamicImage::into_rgb8)
        .unwrap_or_default()
}

fn panels(axes: MapAxes, colours: Colours, extent: Extent, field: Array2<f32>) -> FieldPanels {
    let rows = vec![PanelRow {
        title: "truth".into(),
        fields: vec![Some(field)],
    }];
    FieldPanels {
        title: "a <map> & more".into(),
        columns: vec!["day 1".into()],
        axes,
        shading: Shading::Cells,
        groups: vec![PanelGroup {
            label: "p".into(),
            unit: "hPa".into(),
            colours,
            extent,
            rows,
            ..PanelGroup::default()
        }],
    }
}

/// Number of pixels of a colour and their mean position, in the left 85 % of the picture (no colour bar).
fn blob(picture: &RgbImage, colour: [u8; 3]) -> (usize, f64, f64) {
    let found = picture
        .enumerate_pixels()
        .filter(|(x, _, p)| *x < picture.width() * 85 / 100 && p.0 == colour);
    let (n, x, y) = found.fold((0, 0.0, 0.0), |(n, sx, sy), (x, y, _)| {
        (n + 1, sx + f64::from(x), sy + f64::from(y))
    });
    (n, x / n as f64, y / n as f64)
}

#[test]
fn cells_have_exactly_their_colours_and_places() {
    let field = array![[0.0_f32, 1.0], [3.0, f32::NAN]];
    for (rows, sign) in [(RowOrder::Ascending, 1.0), (RowOrder::Descending, -1.0)] {
        let axes = MapAxes::Cells {
            shape: (2, 2),
            rows,
        };
        let figure = panels(
            axes,
            Colours::Sequential,
            Extent::Fixed(0.0, 4.0),
            field.clone(),
        );
        let picture = decode(&figure.png().unwrap());
        let [a, b, c, d] = [
            Colours::Sequential.at(0.0),
            Colours::Sequential.at(0.25),
            Colours::Sequential.at(0.75),
            MISSING,
        ]
        .map(|colour| blob(&picture, colour));
        // blurred edges of letters and the key of the missing cells share a few of the pixels
        let alike = |x: usize, y: usize| x.abs_diff(y) < 200;
        assert!(
            a.0 > 100_000 && alike(a.0, b.0) && alike(a.0, c.0) && alike(a.0, d.0),
            "{a:?} {b:?} {c:?} {d:?}"
        );
        assert!(
            (a.2 - b.2).abs() < 1.0 && b.1 - a.1 > 50.0,
            "columns run to the right"
        );
        assert!(
            sign * (a.2 - c.2) > 50.0 && (a.1 - c.1).abs() < 1.0,
            "row 0 at the bottom when y ascends"
        );
        for (blob, colour) in [(a, 0.0), (b, 0.25), (c, 0.75)] {
            assert_eq!(
                picture.get_pixel(blob.1 as u32, blob.2 as u32).0,
                Colours::Sequential.at(colour)
            );
        }
    }
}

#[test]
fn coordinates_tell_the_direction() {
    let field = array![[-1.0_f32, -1.0, -1.0], [1.0, 1.0, 1.0]];
    let north_first = MapAxes::Geographic {
        latitude: vec![50.0, 40.0],
        longitude: vec![0.0, 10.0, 20.0],
    };
    let south_first = MapAxes::Plane {
        y: vec![0.0, 1.0],
        x: vec![0.0, 1.0, 2.0],
        unit: "km".into(),
    };
    for (axes, first_is_higher) in [(north_first, true), (south_first, false)] {
        let picture = decode(
            &panels(axes, Colours::Diverging, Extent::Data, field.clone())
                .png()
                .unwrap(),
        );
        let (blue, red) = (
            blob(&picture, Colours::Diverging.at(0.0)),
            blob(&picture, Colours::Diverging.at(1.0)),
        );
        assert!(blue.0 > 10_000 && red.0 == blue.0);
        assert_eq!(blue.2 < red.2, first_is_higher);
    }
}

#[test]
fn the_picture_has_twice_the_nominal_size_and_never_changes() {
    let figure = Lines {
        series: vec![Series::new("a", vec![0.0, 1.0], vec![2.0, 3.0])],
        size: (300.0, 250.0),
        ..Lines::default()
    };
    let (one, two) = (figure.png().unwrap(), figure.png().unwrap());
    let picture = decode(&one);
    let (width, height) = figure.draw().unwrap().size();
    assert_eq!(
        (
            width,
            f64::from(picture.width()),
            f64::from(picture.height())
        ),
        (300.0, 600.0, 2.0 * height)
    );
    assert!(height >= 250.0 && one == two);
    assert_eq!(picture.get_pixel(0, 0).0, [255; 3]);
    // the line in the first colour of the palette is there
    assert!(blob(&picture, [0x00, 0x72, 0xb2]).0 > 300);
}

#[test]
fn vectors_hold_text_escaped() {
    let axes = MapAxes::Cells {
        shape: (1, 1),
        rows: RowOrder::Ascending,
    };
    let svg = panels(axes, Colours::Magnitude, Extent::Data, array![[1.0]])
        .svg()
        .unwrap();
    assert!(svg.contains(">a &lt;map&gt; &amp; more</text>") && svg.contains(">p (hPa)</text>"));
    assert!(
        svg.starts_with("<svg")
            && svg.ends_with("</svg>\n")
            && svg.contains("data:image/png;base64,")
    );
}

#[test]
fn awkward_data_are_drawn() {
    let axes = || MapAxes::Cells {
        shape: (3, 4),
        rows: RowOrder::Ascending,
    };
    for value in [0.0, 5.0, -1e-30, 1e30, f32::NAN, f32::INFINITY] {
        for colours in [Colours::Sequential, Colours::Diverging, Colours::Magnitude] {
            for extent in [Extent::Data, Extent::FromZero] {
                panels(axes(), colours, extent, Array2::from_elem((3, 4), value))
                    .png()
                    .unwrap();
            }
        }
    }
    for y in [
        vec![5.0; 3],
        vec![0.0; 3],
        vec![1e-300, 1e300, f64::NAN],
        vec![f64::NAN, 1.0, f64::INFINITY],
    ] {
        for axis in [
            Axis::new("y", ""),
            Axis::new("y", "").from_zero(),
            Axis::new("y", "").logarithmic(),
        ] {
            let figure = Lines {
                y: axis,
                series: vec![Series::new("a", vec![1.0, 2.0, 3.0], y.clone())],
                ..Lines::default()
            };
            match figure.png() {
                Ok(png) => assert!(decode(&png).width() > 0),
                Err(error) => assert!(
                    matches!(error, FigureError::NothingToDraw { .. }),
                    "{error}"
                ),
            }
        }
    }
    let ranks = Ranks {
        title: String::new(),
        counts: vec![0.0, 7.0],
        cases: 1.0,
    };
    RankHistogram {
        title: String::new(),
        histograms: vec![ranks],
    }
    .png()
    .unwrap();
}

#[test]
fn what_cannot_be_drawn_is_named() {
    let lines = |series| Lines {
        title: "CRPS".into(),
        series,
        ..Lines::default()
    };
    let message =
        |figure: &dyn Fn() -> Result<Vec<u8>, FigureError>| figure().unwrap_err().to_string();
    let empty = message(&|| lines(vec![Series::new("forecast", vec![], vec![])]).png());
    assert_eq!(
        empty,
        "series `forecast` is empty: give it at least one point or leave it out"
    );
    let short = message(&|| lines(vec![Series::new("forecast", vec![1.0], vec![])]).png());
    assert_eq!(short, "`forecast`: y has 0 values where 1 are needed");
    let band = message(&|| {
        lines(vec![
            Series::new("f", vec![1.0], vec![1.0]).band(vec![0.5], vec![]),
        ])
        .png()
    });
    assert_eq!(band, "`f`: upper has 0 values where 1 are needed");
    assert!(message(&|| lines(vec![]).png()).contains("`CRPS` has nothing to draw"));
    assert!(message(&|| RankHistogram::default().png()).contains("no histogram was given"));
    let axes = || MapAxes::Cells {
        shape: (2, 2),
        rows: RowOrder::Ascending,
    };
    let map = |extent, field: Array2<f32>| panels(axes(), Colours::Diverging, extent, field).png();
    let shape = message(&|| map(Extent::Data, Array2::zeros((2, 3))));
    assert_eq!(
        shape,
        "map of row `truth`, column 0 has shape (2, 3), the axes have (2, 2) (rows, columns)"
    );
    assert!(
        message(&|| map(Extent::Fixed(-1.0, 2.0), Array2::zeros((2, 2))))
            .contains("symmetric limits")
    );
    let nowhere = MapAxes::Plane {
        y: vec![0.0, 0.0],
        x: vec![0.0, 1.0],
        unit: String::new(),
    };
    let broken = panels(
        nowhere,
        Colours::Sequential,
        Extent::Data,
        Array2::zeros((2, 2)),
    );
    assert!(
        message(&|| broken.png())
            .contains("coordinate `y` must be finite and strictly ascending or descending")
    );
}
