use super::rules::is_prefix_of_version;

#[test]
fn a_wish_covers_versions_that_begin_with_it() {
    assert!(is_prefix_of_version("16", "16.8"));
    assert!(is_prefix_of_version("8.0", "8.0.40"));
    assert!(is_prefix_of_version("16.8", "16.8"));
    assert!(!is_prefix_of_version("1", "16.8"));
    assert!(!is_prefix_of_version("16.8", "16.10"));
}
