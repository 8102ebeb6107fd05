import qualified Data.ByteString.Char8 as B
import Data.Maybe (fromJust)
import System.Exit

depth :: Int -> Int
depth 0 = 0
depth n = 1 + depth (n - 1)

loop :: Int -> IO ()
loop n = if n < 0 then return () else loop ((n + 1) `mod` 1000)

number :: B.ByteString -> Int
number = fst . fromJust . B.readInt

main :: IO ()
main = do
  text <- B.getContents
  let (mode : rest) = B.lines text
  case B.unpack mode of
    "sum" -> B.putStr (B.unlines [B.pack (show (sum (map number (B.words line)))) | line <- rest])
    "deep" -> print (depth 50000)
    "fail" -> exitWith (ExitFailure 3)
    "loop" -> loop 0
    _ -> let kept = [1 ..] :: [Integer] in print (foldr (+) 0 kept)
