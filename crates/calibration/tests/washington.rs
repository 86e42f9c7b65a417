//! Temperature of 938 stations over 36 dates: trained on the first 27, scored on the last 9.

mod real;

use real::{Score, method, print_table, read, score};

#[test]
fn baselines() {
    let Some((table, oddities)) = read("uwme_t2m_48h.nc", "air_temperature") else {
        return;
    };
    for oddity in &oddities {
        println!("{oddity}");
    }
    let dates = table.distinct_dates();
    let first_test = dates[27];
    let train = table.filter(|c| c.date < first_test);
    let test = table.filter(|c| c.date >= first_test);
    let mut rows: Vec<(&str, Score)> = Vec::new();
    for (name, line) in [
        ("raw", r#"name = "raw""#),
        (
            "climatology local",
            r#"name = "climatology", half_window = 60.0"#,
        ),
        ("bias global", r#"name = "bias""#),
        ("bias local", r#"name = "bias", scope = "local""#),
        (
            "bias 10 neighbours",
            r#"name = "bias", scope = { neighbours = 10 }"#,
        ),
        ("quantile mapping", r#"name = "quantile_mapping""#),
        ("isotonic", r#"name = "isotonic""#),
        ("member by member", r#"name = "member_by_member""#),
        (
            "member by member local",
            r#"name = "member_by_member", scope = "local""#,
        ),
        (
            "member by member members",
            r#"name = "member_by_member", location = ["members"]"#,
        ),
        (
            "member by member 10 neighbours",
            r#"name = "member_by_member", scope = { neighbours = 10 }"#,
        ),
        ("emos global", r#"name = "emos""#),
        ("emos square", r#"name = "emos", link = "square""#),
        ("emos members", r#"name = "emos", location = ["members"]"#),
        (
            "emos logistic members",
            r#"name = "emos", family = "logistic", location = ["members"]"#,
        ),
        ("emos local", r#"name = "emos", scope = "local""#),
        (
            "emos 10 neighbours",
            r#"name = "emos", scope = { neighbours = 10 }"#,
        ),
        (
            "emos 30 neighbours members",
            r#"name = "emos", location = ["members"], scope = { neighbours = 30 }"#,
        ),
        (
            "emos logistic 10 neighbours",
            r#"name = "emos", family = "logistic", scope = { neighbours = 10 }"#,
        ),
        (
            "emos 5 clusters",
            r#"name = "emos", scope = { clusters = 5 }"#,
        ),
        (
            "emos 20 clusters",
            r#"name = "emos", scope = { clusters = 20 }"#,
        ),
        (
            "emos 20 clusters members",
            r#"name = "emos", location = ["members"], scope = { clusters = 20 }"#,
        ),
    ] {
        let fitted = method(line).fit(&train).expect(name);
        rows.push((name, score(&fitted, &test)));
    }
    print_table("Washington, K", &rows);
}
