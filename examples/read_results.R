# Read a result in R and average it per person, without packages. Run `wildaffect demo` first:
#   Rscript examples/read_results.R demo-results/people.csv
path <- commandArgs(trailingOnly = TRUE)[1]
rows <- read.csv(path, check.names = FALSE, na.strings = "")

# Count what is missing before averaging: missing frames are rarely missing at random.
print(table(rows$status))

# One number per person: frames of one person are not independent.
read <- rows[rows$status == "ok", ]
people <- aggregate(valence ~ source + track_id, data = read, FUN = mean)
people$frames <- aggregate(valence ~ source + track_id, data = read, FUN = length)$valence
print(people[order(-people$frames), ], digits = 3, row.names = FALSE)
