// XGBoost by its C interface.
#pragma once
#include <xgboost/c_api.h>
