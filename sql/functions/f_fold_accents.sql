-- analytics.f_fold_accents
-- Purpose:   Text with the accented lower-case letters of Latin languages replaced by plain letters
-- Arguments: text
-- Load rule: created again by every run

CREATE OR REPLACE FUNCTION analytics.f_fold_accents(VARCHAR)
RETURNS VARCHAR
IMMUTABLE
AS $$
    SELECT TRANSLATE($1, 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy')
$$ LANGUAGE sql;
