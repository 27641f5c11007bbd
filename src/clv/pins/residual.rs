//! What is left of a customer of BG/NBD and MBG/NBD: integrals of the papers' 2F1 and sums, computed with mpmath, 25 digits.
//! Infinite and finite horizons, discounted and not, and chances of counts.

use super::{CDNOW_BG, CDNOW_MBG, T_END, T_X_2, T_X_26, assert_close, bg, mbg};
use crate::clv::History;

#[test]
fn answers_match_the_high_precision_oracle() {
    #[rustfmt::skip]
    let cases = [
        // (model, (x, t_x, T), [DERT, discounted purchases of 52 weeks (δ = 0.0027), weeks to stay of 520, of 52, P(Y(39) = 0), P(Y(39) = 3)])
        (bg(CDNOW_BG), (2, 30.428571428571427, 38.857142857142854), [5.156628833852405, 1.461462124960183, 172.652884223113, 32.02720910331025, 0.44537247304092, 0.08084664903138125]),
        (bg(CDNOW_BG), (26, 30.857142857142858, 31.0), [70.90928566237201, 24.22120040941008, 135.2333654010434, 35.1103828695814, 0.03114550192430282, 0.02331325983896855]),
        (bg(CDNOW_BG), (0, 0.0, 38.857142857142854), [1.014256112004558, 0.235565284141856, 439.9872423057288, 50.42934112323783, 0.855664960445888, 0.00690663991570127]),
        (mbg(CDNOW_MBG), (0, 0.0, 0.0), [3.279913596041841, 1.341636317385876, 139.5798331188334, 25.1863743432695, 0.5825425417856189, 0.04856093498230128]),
        (mbg(CDNOW_MBG), (0, 0.0, 38.857142857142854), [0.7229688117992042, 0.1851903320288657, 143.5931452052105, 18.99658853705622, 0.891160152393373, 0.006309569085306495]),
        (mbg(CDNOW_MBG), (2, 30.428571428571427, 38.857142857142854), [4.913780421977821, 1.498585809723164, 150.9574195870319, 30.37705361644724, 0.4399738094327828, 0.08386930806897419]),
        (mbg(CDNOW_MBG), (1, 1.7142857142857142, 38.857142857142854), [0.7830444033564449, 0.2254094422081197, 43.87037148774513, 7.708820147338794, 0.8950340927308522, 0.01150517521993116]),
        (mbg([0.6, 8.0, 2.5, 3.0]), (4, 20.0, 30.0), [2.022354420096222, 1.267277707047501, 24.9572240272479, 12.17375127838232, 0.6085142174458319, 0.06383602061230784]),
        (bg(CDNOW_BG), (300, 2000.0, 2003.0), [48.95644059885986, 7.155463810818181, 472.0642323368311, 51.26786719648288, 0.007189410804714432, 0.09891144514764202]),
        (mbg([20.0, 3.0, 0.5, 1.2]), (2, 3.0, 8.0), [0.0009150930618822123, 0.0003294544047678385, 0.0006365051652182964, 0.0001770069102106115, 0.9999896518214207, 6.295627689702299e-07]),
        (mbg([0.5, 0.02, 0.3, 0.9]), (1, 5.0, 9.0), [19.37358364187224, 4.314934875970148, 195.9795349234223, 30.37809678217396, 0.3344977109067464, 0.08008679525556421]),
    ];
    for (model, (x, t_x, t), [residual, discounted, lifetime_520, lifetime_52, chance_0, chance_3]) in cases {
        println!("{model:?} x {x} t_x {t_x} T {t}");
        let history = History { x, t_x, t };
        assert_close(model.expected_residual(&history, 0.0027), residual, 1e-12);
        assert_close(model.expected_discounted(&history, 52.0, 0.0027), discounted, 1e-12);
        assert_close(model.expected_lifetime_weeks(&history, 520.0), lifetime_520, 1e-12);
        assert_close(model.expected_lifetime_weeks(&history, 52.0), lifetime_52, 1e-12);
        assert_close(model.probability_of(&history, 0, 39.0), chance_0, 1e-12);
        assert_close(model.probability_of(&history, 3, 39.0), chance_3, 1e-11);
    }
}

#[test]
fn published_figures_are_met() {
    let model = bg(CDNOW_BG);
    let cases = [((2, T_X_2, T_END), 5.1566288338524), ((26, T_X_26, 31.0), 70.909285662372)];
    for ((x, t_x, t), residual) in cases {
        assert_close(model.expected_residual(&History { x, t_x, t }, 0.0027), residual, 1e-12);
    }
    // BTYD's and lifetimes' examples of P(X(t) = x): parameters as the paper rounds them
    let paper = bg([0.243, 4.414, 0.793, 2.426]);
    assert_close(paper.probability_of_new_customer(0, 39.0), 0.5737864, 1e-7);
    assert_close(paper.probability_of_new_customer(10, 2.0), 1.07869e-7, 1e-5);
}
