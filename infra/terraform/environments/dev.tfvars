environment        = "dev"
region             = "sa-east-1"
zones              = ["sa-east-1a", "sa-east-1b", "sa-east-1c"]
base_capacity      = 8
daily_rpu_hours    = 4
monthly_budget_usd = 150
keep_data          = false
