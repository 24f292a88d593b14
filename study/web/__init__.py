"""What `study.dashboard` serves: a guard in front, our own pages, and Optuna's dashboard behind them."""
