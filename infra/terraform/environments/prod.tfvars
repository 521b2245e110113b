environment        = "prod"
region             = "sa-east-1"
zones              = ["sa-east-1a", "sa-east-1b", "sa-east-1c"]
base_capacity      = 8
max_capacity       = 64
daily_rpu_hours    = 24
monthly_budget_usd = 250
snapshot_days      = 35
