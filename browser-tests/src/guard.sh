# Ends a driver, its browsers and their folder when whoever started them is gone. $1: the driver's process group; $2: the
# folder. Standard input is a pipe that nobody writes to: it ends with the other process, however that one came to its end.
read -r _
kill -s KILL -- "-$1"
# The last of them may still be writing.
for _ in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf -- "$2" && break
  sleep 0.2
done
