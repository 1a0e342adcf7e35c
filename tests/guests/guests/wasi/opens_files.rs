//! Reads files, its environment and stdin; nothing is there.
//! ---
//! comes-to: answer

guests::launcher!(guests::description, |request| {
    assert!(std::fs::read("/etc/passwd").is_err());
    assert!(std::fs::write("/tmp/x", "x").is_err());
    assert_eq!(std::env::vars().count(), 0);
    assert_eq!(
        std::io::read_to_string(std::io::stdin()).ok().as_deref(),
        Some("")
    );
    let mut plan = guests::plan(request);
    let map: std::collections::HashMap<u32, u32> = (0..50).map(|n| (n, n)).collect();
    plan.choices[0].why = format!("{map:?}");
    Ok(plan)
});
