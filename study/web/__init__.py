"""The web application of `study.dashboard`: a guard, our pages, and Optuna's dashboard behind them."""
